"""Duties that come round again and again."""

import asyncio
from collections.abc import Awaitable, Callable

from afterword.clock import until_round
from afterword.errors import StoreError, StoreReplaced
from afterword.events import StoreFailed, Tell

REST = 0.2
"""Seconds to wait, at least, after the store failed."""


async def every(seconds: float, duty: Callable[[], Awaitable[None]], tell: Tell) -> None:
    """Do `duty` now, and again whenever so many seconds have come round (with 0, at once), for ever. A store that fails is told
    of, and asked again next time. Only StoreReplaced is raised, since time does not heal it."""
    loop = asyncio.get_running_loop()
    while True:
        rest = 0.0
        try:
            await duty()
        except StoreReplaced:
            raise
        except StoreError as error:
            tell(StoreFailed(duty.__name__, error))
            rest = REST
        await asyncio.sleep(max(rest, until_round(loop.time(), seconds) if seconds else 0.0))
