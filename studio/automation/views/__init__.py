"""The pages of schedules, imports and data quality."""
