"""The portal's own pages: those that look at several apps at once."""
