"""What can run, and its arguments as data."""
