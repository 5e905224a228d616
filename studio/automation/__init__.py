"""What happens by itself: schedules and their firings, imports of data, checks of its quality."""
