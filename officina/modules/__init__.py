"""The built-in designer modules, one file a palette category, and what they share."""
