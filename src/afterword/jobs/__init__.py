"""Jobs as values, and what may happen to them: no I/O below this line."""
