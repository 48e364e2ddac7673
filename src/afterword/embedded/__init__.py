"""A worker process, whoever started it."""
