"""The whole examination, from the machine to the jobs. What cannot be known keeps nothing else from being looked at."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple

from afterword.clock import SystemClock
from afterword.doctor import application, calls, contents, door, file, jobs, machine, settings, tasks
from afterword.doctor.application import Application
from afterword.doctor.finding import Finding, Level
from afterword.doctor.jobs import Census
from afterword.errors import ApplicationNotFound, StoreError, StoreUrlError
from afterword.guessing import guess
from afterword.settings import DEFAULT_STORE, Settings
from afterword.stores.sqlite import looking
from afterword.stores.sqlite.connection import schema
from afterword.stores.url import INLINE, absolute, sqlite_path
from afterword.tasks.registry import Registry


class Asked(NamedTuple):
    """What a person typed."""

    target: str | None
    app_dir: str
    store: str | None
    imports: bool
    """False when the import has proven to be deadly."""


def examine(asked: Asked) -> list[Finding]:
    """All findings, each once."""
    chosen, found = settings.read()
    patient, told = _application(asked, chosen)
    found += told
    found += machine.examine()
    url = asked.store or (patient.store if patient else chosen.store) or DEFAULT_STORE
    census: Census | None = None
    about = settings.store(url)
    if about:
        found.append(about)
    else:
        told, census = _store(url, patient.name if patient else "")
        found += told
    if patient:
        found += _patient(patient, url)
        if census is not None:
            found += _jobs(patient, census)
    found += machine.beside(sqlite3.sqlite_version_info)
    return list(dict.fromkeys(found))


def _application(asked: Asked, chosen: Settings) -> tuple[Application | None, list[Finding]]:
    variable = None if asked.target else chosen.application
    try:
        target = guess(Path(asked.app_dir), asked.target or variable)
    except ApplicationNotFound as error:
        return None, [application.not_found(error, variable)]
    return application.bring(target, variable) if asked.imports else (None, [])


def _store(url: str, app: str) -> tuple[list[Finding], Census | None]:
    """What is said of the place and the file, and the census of the jobs; None where they cannot be counted."""
    try:
        path = sqlite_path(absolute(url))
    except StoreUrlError as error:
        return [application.refused(error)], None
    found = list(file.examine(path))
    if not path.exists():
        return ([*found, contents.absent(path)], jobs.NONE) if path.parent.is_dir() else (found, None)
    if path.is_dir():
        return found, None
    try:
        told, census = looking.look(path, lambda connection: _inside(connection, path, app))
    except (sqlite3.Error, StoreError) as error:
        return [*found, contents.unreadable(error, path)], None
    return [*found, *told], census


def _inside(connection: Connection, path: Path, app: str) -> tuple[list[Finding], Census | None]:
    told = list(contents.examine(connection, path))
    if not schema(connection, path):
        return told, jobs.NONE
    if any(finding.level is Level.FAULT for finding in told):
        return told, None
    census = jobs.take(connection, app, path)
    return ([*told, jobs.uncounted()] if census is None else told), census


def _patient(patient: Application, url: str) -> Iterator[Finding]:
    yield from door.examine(patient.object, patient.root)
    if url != INLINE:  # There everything may be added, and nothing is written down.
        handed, stock = calls.read(patient.root)
        yield from door.made(stock)
        yield from tasks.examine(patient.root, patient.early, handed)


def _jobs(patient: Application, census: Census) -> Iterator[Finding]:
    starts_worker = patient.afterword.settings.worker is not False
    yield from jobs.examine(census, patient.name, SystemClock().now(), starts_worker=starts_worker)
    yield from tasks.strangers(census.tasks, Registry(patient.root).find)
