"""Duties that come round again and again."""

import asyncio
from collections.abc import Awaitable, Callable

from afterword.errors import StoreError, StoreReplaced
from afterword.events import StoreFailed, Tell

REST = 0.2
"""Seconds to wait, at least, after the store failed."""


async def every(seconds: float, duty: Callable[[], Awaitable[None]], tell: Tell) -> None:
    """Do `duty` now and again `seconds` after each end, for ever. A store that fails is told of, and asked again next time.
    Only StoreReplaced is raised, since time does not heal it."""
    while True:
        pause = seconds
        try:
            await duty()
        except StoreReplaced:
            raise
        except StoreError as error:
            tell(StoreFailed(duty.__name__, error))
            pause = max(seconds, REST)
        await asyncio.sleep(pause)
