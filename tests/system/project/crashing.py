"""Dies at a chosen moment: "Added:3" is the third time that the event Added is told."""

import os
import signal
from collections.abc import Callable


def crash_at(moment: str | None) -> Callable[[object], None]:
    name, _, count = (moment or "never:0").partition(":")
    left = int(count or 1)

    def listen(event: object) -> None:
        nonlocal left
        if type(event).__name__ == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return listen
