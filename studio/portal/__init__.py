"""Home, menu, samples: the pages that join the other apps."""
