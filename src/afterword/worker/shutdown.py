"""When a worker is asked to stop, and how urgently."""

import asyncio
import os
import signal

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Shutdown:
    """`asked` is set by the first signal or by the end of the lifeline, `urged` by a second signal.

    The lifeline's end and the first signal count as one: a terminal sends a signal to the API and its end closes the pipe.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.urged = asyncio.Event()
        self.reason = ""
        self._signals = 0

    def listen(self, lifeline: int | None) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._signalled, number)
        if lifeline is not None:
            os.set_blocking(lifeline, False)
            loop.add_reader(lifeline, self._ended, lifeline)

    def _signalled(self, number: signal.Signals) -> None:
        self._signals += 1
        if self._signals > 1:
            self.urged.set()
        self._ask(f"it got {number.name}")

    def _ended(self, lifeline: int) -> None:
        # Nobody ever writes to it: readable means that the other end is closed.
        asyncio.get_running_loop().remove_reader(lifeline)
        self._ask("the application it belonged to has ended")

    def _ask(self, reason: str) -> None:
        if not self.asked.is_set():
            self.reason = reason
            self.asked.set()
