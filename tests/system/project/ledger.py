"""What tasks really did, outside of any store: one line each, appended in one write."""

import os
import time


def note(number: int, phase: str) -> None:
    line = f"{number} {phase} {time.monotonic_ns()} {os.getpid()} {os.getppid()}\n"
    descriptor = os.open("ledger.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, line.encode())
    os.close(descriptor)
