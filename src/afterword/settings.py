"""All that can be set, by argument or by `AFTERWORD_*` variable, read once and frozen."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from afterword.errors import SettingsError

PREFIX = "AFTERWORD_"

DEFAULT_STORE = "sqlite:///afterword.db"

HANDOFF = "handoff"

FOREIGN = "AFTERWORD_TEST_"
"""Begins variables that steer this project's own tests."""

log = logging.getLogger("afterword")


@dataclass(frozen=True, slots=True)
class Settings:
    """An argument wins over the environment, the environment over the default written here."""

    store: str | None = None
    """`sqlite:///` and a path (relative to the working directory), `memory`, `inline` or `inline-strict`; None: DEFAULT_STORE,
    or what a test run has chosen."""
    application: str | None = None
    """`module:name` of the application; None: found by itself."""
    worker: bool | str | None = None
    """Whether the application starts a worker of its own; None: it does, except in a test run. HANDOFF: it starts none, but
    hands jobs off to other engines by itself."""
    runners: int = 0
    """Runner processes under load, at most; 0 for one a core."""
    concurrency: int = 16
    """Attempts at a time in one runner."""
    drain: float = 30.0
    """Seconds that running attempts are given when a worker is asked to stop."""
    max_queued: int = 1_000_000
    """Unfinished jobs in the store; an `add` that would exceed it is refused with 503."""
    max_arguments: int = 1_048_576
    """Bytes that the arguments of one job may take as JSON."""
    keep: float = 7 * 86_400.0
    """Seconds that finished jobs stay readable."""


def read(arguments: Mapping[str, Any], environment: Mapping[str, str] = os.environ, *, faults: Sequence[str] = ()) -> Settings:
    """Settings from arguments (None: not given) and `AFTERWORD_*` variables. Raises one SettingsError for all faults, those
    that were found before included."""
    chosen: dict[str, Any] = {}
    faults = list(faults)
    for field in fields(Settings):
        variable = _variable(field.name)
        given = arguments.get(field.name)
        source = f"{field.name}={given!r}"
        if given is None and variable in environment:
            given = environment[variable]
            source = f"{variable}={given!r}"
        if given is None:
            continue
        try:
            chosen[field.name] = _READERS[field.name](given)
        except (ValueError, TypeError) as error:
            faults.append(f"{source} {error}")
    faults += _misspelt(environment)
    if faults:
        raise SettingsError(faults="; ".join(faults))
    return Settings(**chosen)


def _misspelt(environment: Mapping[str, str]) -> list[str]:
    known = [_variable(field.name).removeprefix(PREFIX) for field in fields(Settings)]
    faults = []
    for variable in sorted(environment):
        word = variable.removeprefix(PREFIX)
        if variable.startswith(PREFIX) and word not in known and not variable.startswith(FOREIGN):
            from difflib import get_close_matches  # Here: of all who start, few have misspelt something.

            near = get_close_matches(word, known, n=1)
            if near:
                faults.append(f"{variable} is no setting, did you mean {PREFIX}{near[0]}?")
            else:  # It may be meant for something else that is called so.
                log.warning("%s is no setting: it is ignored.", variable)
    return faults


def _variable(setting: str) -> str:
    return _VARIABLES.get(setting, f"{PREFIX}{setting.upper()}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    return value


def _target(value: Any) -> str:
    module, _, name = _text(value).partition(":")
    if not module or not name or any(not part.isidentifier() for part in [*module.split("."), *name.split(".")]):
        raise ValueError('must look like "main:app"')
    return f"{module}:{name}"


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}
    if str(value).lower() not in words:
        raise ValueError("must be on or off")
    return words[str(value).lower()]


def _worker(value: Any) -> bool | str:
    try:
        return HANDOFF if value == HANDOFF else _switch(value)
    except ValueError:
        raise ValueError(f'must be on, off or "{HANDOFF}"') from None


def _at_least(least: float, read_number: Callable[[Any], Any], unit: str = "") -> Callable[[Any], Any]:
    def reader(value: Any) -> Any:
        try:
            number = read_number(value)
        except (ValueError, TypeError, OverflowError):
            number = None
        cut = isinstance(value, float) and number != value
        if number is None or cut or isinstance(value, bool) or not least <= number < float("inf"):
            number = f"a {'whole ' if read_number is int else ''}number{f' of {unit}' if unit else ''}"
            raise ValueError(f"must be {number}, at least {least}")
        return number

    return reader


_VARIABLES = {"application": "AFTERWORD_APP"}

_READERS: dict[str, Callable[[Any], Any]] = {
    "store": _text,
    "application": _target,
    "worker": _worker,
    "runners": _at_least(0, int),
    "concurrency": _at_least(1, int),
    "drain": _at_least(0, float, "seconds"),
    "max_queued": _at_least(1, int),
    "max_arguments": _at_least(2, int, "bytes"),
    "keep": _at_least(0, float, "seconds"),
}
