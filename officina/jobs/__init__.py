"""What runs inside a job's own environment: the standard library only, and pandas for tables."""
