"""Numbered SQL files that make a schema what this code expects: each runs once, in order, in one transaction with the rest."""

import sqlite3
from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

from afterword.errors import SchemaTooNew


class Migration(NamedTuple):
    """One step from schema `number - 1` to `number`."""

    number: int
    statements: Sequence[str]


def read(package: str) -> Sequence[Migration]:
    """The migrations in the folder `migrations` of a package, from files such as `0001_jobs.sql`, without gaps from 1."""
    files = (file for file in (resources.files(package) / "migrations").iterdir() if file.name.endswith(".sql"))
    found = sorted((int(file.name.partition("_")[0]), file.read_text(encoding="utf-8")) for file in files)
    if [number for number, _ in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations of {package} must be numbered from 1 without gaps, got {[number for number, _ in found]}")
    return [Migration(number, split(script)) for number, script in found]


def ahead(migrations: Sequence[Migration], found: int, store: str) -> Sequence[Migration]:
    """Those that a schema `found` still lacks. SchemaTooNew when it is ahead of this code."""
    if found > len(migrations):
        raise SchemaTooNew(store=store, found=found, known=len(migrations))
    return migrations[found:]


def split(script: str) -> Sequence[str]:
    """The statements of a script, one by one, since a script run whole would commit by itself."""
    statements = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statements.append(statement.strip())
            statement = ""
    return statements
