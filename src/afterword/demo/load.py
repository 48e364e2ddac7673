"""Many clients at once."""

import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from afterword.demo.failure import PATIENCE, DemoFailed

CLIENTS = 64


def add(
    address: str, numbers: Sequence[int], accepted: set[int], look: Callable[[], object], patience: float = PATIENCE
) -> None:
    """POST each customer, put those that were accepted into `accepted`, and `look` ten times a second meanwhile.

    Who gets no answer in `patience` seconds goes away. Raises DemoFailed when the server is not there.
    """

    def send(number: int) -> None:
        request = urllib.request.Request(f"{address}/customers/{number}", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=patience) as response:
                response.read()
        except (urllib.error.HTTPError, TimeoutError):
            return
        except OSError as error:
            raise DemoFailed(why=f"{address} did not answer: {error}.") from None
        accepted.add(number)

    clients = ThreadPoolExecutor(CLIENTS)
    try:
        sent = [clients.submit(send, number) for number in numbers]
        while wait(sent, timeout=0.1).not_done:
            look()
        for each in sent:
            each.result()
    finally:
        clients.shutdown(cancel_futures=True)
