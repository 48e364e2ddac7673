"""What only the application itself can say: asked in a process of its own, which imports it."""

import select
from collections.abc import Sequence
from pathlib import Path

from afterword import settings
from afterword.discovery import Target
from afterword.errors import AfterwordError
from afterword.guessing import guess
from afterword.launch import ASKED, Launch, hear
from afterword.worker.recruit import Recruit, recruit

LOOK = 0.2
"""Seconds between two looks whether who was asked still lives."""

_early: dict[Target, Recruit] = {}


def begin_early(arguments: Sequence[str]) -> None:
    """Begin to ask, where these plainly are a command to start a worker: to import what reads a command line takes half as long
    as an application does, and can be done meanwhile."""
    match arguments:
        case ["worker"]:
            typed = None
        case ["worker", typed] if not typed.startswith("-"):
            pass
        case _:
            return
    try:
        target = guess(Path(), typed or settings.read({}).application)
    except AfterwordError:
        return  # It will be found again, and told.
    _early[target] = question(target)


def question(target: Target, stdout: int | None = None) -> Recruit:
    """Begin to ask. Who is asked goes on as a runner, if it is told a post when it has answered."""
    return _early.pop(target, None) or recruit(target.name, [str(target.root)], ASKED, stdout)


def answer(asked: Recruit) -> Launch | None:
    """Wait for what it says a worker is to be told. None where it cannot; that process has said why."""
    heard = hear(asked.stream) if _speaks(asked) else None
    if heard is None:
        asked.process.wait()
        return None
    return Launch.load(heard[0])


def _speaks(asked: Recruit) -> bool:
    """Wait until it does, or its end of the stream closes. False when it has ended, and what it leaves behind, a fork of
    itself, keeps the stream open."""
    ended = False
    while not select.select([asked.stream], [], [], LOOK)[0]:
        if ended:
            return False
        ended = asked.process.poll() is not None
    return True
