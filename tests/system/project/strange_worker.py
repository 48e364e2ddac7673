"""A worker started apart, with other constants, and with a clock that is as many seconds off as `clock.txt` says."""

import sys
from pathlib import Path

import constants
from afterword.clock import SECOND, SystemClock
from afterword.embedded.serving import serve
from afterword.launch import Launch


class SetClock(SystemClock):
    def now(self) -> int:
        return super().now() + _offset()


def _offset() -> int:
    try:
        return int(float(Path("clock.txt").read_text()) * SECOND)
    except FileNotFoundError:
        return 0


if __name__ == "__main__":
    constants.change(sys.argv[2])
    sys.exit(serve(Launch.load(sys.argv[1]), clock=SetClock()))
