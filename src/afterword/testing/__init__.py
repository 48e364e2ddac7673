"""What helps to test.

For applications: `inline`, `capture` and `drain`, which are also fixtures of pytest (`afterword_inline`, `afterword_strict`,
`afterword_captured`, `afterword_drain`). For stores: a false clock, and the suite that every store must pass in
`afterword.testing.contract` (it needs pytest, and is therefore not imported here).
"""

from afterword.testing.clock import FalseClock
from afterword.testing.rehearsals import Captured, Drain, capture, drain, inline

__all__ = ["Captured", "Drain", "FalseClock", "capture", "drain", "inline"]
