"""Spans of time as people write and read them."""

import re

from afterword.clock import SECOND

_UNITS = {"d": 86_400 * SECOND, "h": 3_600 * SECOND, "m": 60 * SECOND, "s": SECOND}
_SPAN = re.compile(r"(\d{1,6})([dhms])")


def read(text: str) -> int:
    """Microseconds, from text such as `30m`, `12h` or `7d`. Raises ValueError, in words."""
    span = _SPAN.fullmatch(text.strip())
    if span is None:
        raise ValueError(f"{text!r} is no span of time: write a number and a unit, such as 30m, 12h or 7d")
    return int(span[1]) * _UNITS[span[2]]


def rough(span: int) -> str:
    """Microseconds in the largest unit that fits, such as `3h`."""
    for unit, size in _UNITS.items():
        if span >= size:
            return f"{span // size}{unit}"
    return "0s"
