"""What helps to test: a false clock here, and the suite that every store must pass in `afterword.testing.contract` (it needs
pytest, and is therefore not imported here)."""

from afterword.testing.clock import FalseClock

__all__ = ["FalseClock"]
