"""The application: where it is, whether it can be imported, and which Afterword is its own."""

import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from afterword.app import Afterword
from afterword.discovery import Loaded, Target, attached, beside, load, made
from afterword.doctor import settings
from afterword.doctor.finding import Finding, Level
from afterword.errors import (
    AfterwordError,
    AlreadyAttached,
    AlreadyStarted,
    ApplicationBroken,
    ApplicationNotFound,
    BareAnnotation,
    SettingsError,
    StoreNotShared,
)
from afterword.tasks.origin import belongs
from afterword.tasks.registry import registered


class Application(NamedTuple):
    """An application that was imported."""

    name: str
    """`module:name`, as its jobs have it."""
    root: Path
    object: Any
    afterword: Afterword
    store: str
    """The URL, absolute where it is a file's."""
    early: frozenset[str]
    """Names of the tasks that are registered by importing the module alone, as a runner does it."""


def bring(target: Target, chosen: str | None = None) -> tuple[Application | None, list[Finding]]:
    """Import it. None where it cannot be imported, or has no afterword. `chosen`: what AFTERWORD_APP says, if it was asked."""
    try:
        loaded = load(target.name, target.root)
    except ApplicationNotFound as error:
        return None, [not_imported(error, target, chosen)]
    early = frozenset(registered())
    try:
        loaded = made(loaded)
    except ApplicationNotFound as error:
        return None, [not_found(error, chosen)]
    except AfterwordError as error:
        return None, [refused(error)]
    except Exception as error:
        return None, [_failed(f"Calling {target.name} failed", error, target.root)]
    own, others = _afterwords(loaded)
    if own is None:
        return None, [not_attached(target)]
    try:
        launch = own.launch()
        name, store = launch.app, launch.store
    except StoreNotShared as error:
        name, store = target.name, str(error.facts["url"])
    except AfterwordError as error:
        return None, [refused(error)]
    application = Application(name, loaded.root, loaded.object, own, store, early)
    return application, [found(name, loaded.root), *([several(loaded.module, others)] if others else [])]


def found(name: str, root: Path) -> Finding:
    return Finding(Level.FINE, f"The application {name} is found in {root}, and has an Afterword.")


def not_found(error: ApplicationNotFound, chosen: str | None = None) -> Finding:
    reason = f"{error.facts['reason']}."
    if isinstance(error, ApplicationBroken):
        return Finding(
            Level.FAULT, f"The application cannot be imported: {reason}", "Mend it: every runner imports this module."
        )
    what, mend = (
        f"The application cannot be found: {reason}",
        "Say where it is: afterword doctor main:app, or --app-dir FOLDER.",
    )
    if chosen:
        what = f"The application {chosen}, which AFTERWORD_APP names, cannot be found: {reason}"
        mend = f"Correct AFTERWORD_APP, or unset it. {mend}"
    return Finding(Level.FAULT, what, mend)


def not_imported(error: ApplicationNotFound, target: Target, chosen: str | None = None) -> Finding:
    """Why the import failed; where the cause is an error of ours, that one."""
    cause = error.__cause__
    if isinstance(cause, AfterwordError):
        return refused(cause)
    if cause is None or not isinstance(error, ApplicationBroken):
        return not_found(error, chosen)
    return _failed(f"Importing {target.module} failed", cause, target.root)


def not_attached(target: Target) -> Finding:
    return Finding(
        Level.FAULT, f"The application {target.name} has no afterword.", "Add `Afterword(app)` below `app = FastAPI()`."
    )


def several(module: str, names: list[str]) -> Finding:
    return Finding(
        Level.WARNING,
        f"Besides the application's own, {module} makes another Afterword: {' and '.join(f'`{name}`' for name in names)}.",
        "Keep one for each application: what is added through another may rest in another store.",
    )


def refused(error: AfterwordError) -> Finding:
    """An error of ours, whose last sentence or clause says what to do."""
    if isinstance(error, SettingsError):
        return settings.refused(error)
    text = str(error).rstrip(".")
    if isinstance(error, AlreadyAttached | AlreadyStarted | BareAnnotation):
        what, _, mend = text.partition(": ")
    else:
        what, *rest = re.split(r"\. (?=[A-Z])", text, maxsplit=1)
        mend = rest[0] if rest else "correct it there"
    return Finding(Level.FAULT, f"{what}.", f"{mend[:1].upper()}{mend[1:]}.")


def _afterwords(loaded: Loaded) -> tuple[Afterword | None, list[str]]:
    """That of the application, else one that its module made for its lifespan; and the names of others that are nobody's."""
    own: Afterword | None = attached(loaded)
    if own is not None and own.app is not loaded.object and _default_lifespan(loaded.object):
        own = None
    return own, [name for name, other in beside(loaded).items() if other is not own and other.app is None]


def _default_lifespan(application: Any) -> bool:
    """Whether it was given no lifespan: then no Afterword can be in it."""
    lifespan = getattr(getattr(application, "router", None), "lifespan_context", None)
    return type(lifespan).__name__ == "_DefaultLifespan"


def _failed(what: str, error: BaseException, root: Path) -> Finding:
    last = traceback.format_exception_only(error)[-1].strip()
    place = next(_places(error.__traceback__, root), None)
    return Finding(Level.FAULT, f"{what} with {last}{f' ({place})' if place else ''}.", _mend(error))


def _mend(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return (
            f"Install {error.name} into this environment ({sys.prefix}), or say with --app-dir in which folder the application"
            " is started."
        )
    if isinstance(error, SystemExit):
        return 'Put what ends the process below `if __name__ == "__main__":`, since every runner imports this module.'
    return "Mend what it raises: every runner imports this module."


def _places(trace: TracebackType | None, root: Path) -> Iterator[str]:
    """Where in the application's own files it came from, innermost first."""
    for frame in reversed(traceback.extract_tb(trace)):
        if Path(frame.filename).is_file() and belongs(Path(frame.filename), root) is None:
            yield f"{Path(frame.filename).name}, line {frame.lineno}"
