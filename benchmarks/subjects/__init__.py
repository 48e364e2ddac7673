"""What is measured: one folder each, run in an environment of its own."""
