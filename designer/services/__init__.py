"""The verbs of the designer, one file a subject."""
