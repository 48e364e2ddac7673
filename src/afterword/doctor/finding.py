"""What the doctor says: one thing, how bad it is, and what mends it."""

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class Level(enum.Enum):
    """How bad it is."""

    FINE = "fine"
    NOTE = "note"
    """Good to know."""
    WARNING = "warning"
    """It may go wrong."""
    FAULT = "fault"
    """It goes wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    mend: str = ""
    """A sentence or a command; empty where nothing is to be done."""


def facts(finding: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return {"level": finding.level.value, "what": finding.what, "mend": finding.mend}


def dump(findings: Iterable[Finding]) -> str:
    """All findings on one line."""
    return json.dumps([facts(finding) for finding in findings])


def load(line: str) -> list[Finding]:
    """What `dump` wrote. Raises ValueError for anything else."""
    try:
        return [Finding(Level(fact["level"]), fact["what"], fact["mend"]) for fact in json.loads(line)]
    except (TypeError, LookupError) as error:
        raise ValueError(f"these are no findings: {line[:100]!r}") from error
