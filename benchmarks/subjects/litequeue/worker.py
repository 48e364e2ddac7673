"""The loop that a user of litequeue writes: take a job, run it, say that it is done."""

import json
import signal
import time

from benchmarks import work
from benchmarks.subjects.litequeue.queue import opened

_NAP = 0.005


class Stop:
    """Whether somebody asked the process to end."""

    asked = False

    def ask(self, *_: object) -> None:
        self.asked = True


def main() -> None:
    stop = Stop()
    signal.signal(signal.SIGTERM, stop.ask)
    signal.signal(signal.SIGINT, stop.ask)
    queue = opened()
    while not stop.asked:
        message = queue.pop()
        if message is None:
            time.sleep(_NAP)
            continue
        name, *arguments = json.loads(message.data)
        getattr(work, name)(*arguments)
        queue.done(message.message_id)
    queue.close()


if __name__ == "__main__":
    main()
