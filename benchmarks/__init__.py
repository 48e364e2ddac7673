"""Measures afterword beside other ways to run background tasks, on one machine, in one run."""
