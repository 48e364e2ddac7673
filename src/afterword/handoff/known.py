"""The engines of one application: those it names, and those that come along with tasks of their own."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from afterword.discovery import Loaded, attached, made
from afterword.handoff.engine import Engine

KINDS = ("celery", "rq")


def faults(engines: Mapping[str, object]) -> list[str]:
    """What is wrong with engines as an application was given them."""
    found = [
        f"handoff[{name!r}]={engine!r} must be an engine, for example Celery(celery_app) or RQ(queue) of afterword.handoff"
        for name, engine in engines.items()
        if not all(hasattr(engine, verb) for verb in ("kind", "submit", "look", "cancel"))
    ]
    return found + [
        f"handoff has the name {name!r}, which must be a text that is not empty"
        for name in engines
        if not isinstance(name, str) or not name.strip()
    ]


def named(loaded: Loaded) -> Mapping[str, Engine]:
    """The engines that an application names. A factory is called for them: nothing else knows its application."""
    found = attached(made(loaded))
    engines: Mapping[str, Engine] = found.handoff if found else {}
    return engines


class Known:
    """Finds engines. `named` answers with those that the application names, `bring` with the object at `module:qualname`; both
    are asked at the first need, since they may import."""

    def __init__(self, named: Callable[[], Mapping[str, Engine]], bring: Callable[[str], Any]) -> None:
        self._named = named
        self._bring = bring
        self._along: dict[str, Engine] = {}

    def __call__(self, via: str, origin: str | None) -> Engine:
        """An Engines."""
        named = self._named()
        if via in named:
            return named[via]
        if origin is None or via not in KINDS:
            there = ", ".join(named) or "none"
            raise LookupError(f"{via!r} is no engine of this application, which has {there}")
        if origin not in self._along:
            self._along[origin] = importlib.import_module(f"afterword.handoff.{via}").of(self._bring(origin))
        return self._along[origin]
