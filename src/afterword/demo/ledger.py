"""What the tasks note when they have done their work, and what the work itself left behind."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

KINDS = ("image", "mail", "notification")


class Entry(NamedTuple):
    """One run of one task, by the process that made it."""

    kind: str
    number: int
    pid: int


Work = tuple[str, int]
"""A kind of task and the number of the customer it was for."""


def read(folder: Path) -> list[Entry]:
    """All that has been noted so far, in the order of noting."""
    ledger = folder / "ledger.txt"
    lines = ledger.read_text().splitlines(keepends=True) if ledger.exists() else []
    whole = (line.split() for line in lines if line.endswith("\n"))  # The last may be half written.
    return [Entry(kind, int(number), int(pid)) for kind, number, pid in whole]


def effects(folder: Path, mailed: Iterable[str]) -> list[Work]:
    """What can be seen of the work: small images, mails that arrived (by recipient), and lines in the log."""
    log = folder / "log.txt"
    noted = re.findall(r"^customer (\d+) was welcomed$", log.read_text() if log.exists() else "", re.MULTILINE)
    return [
        *(("image", int(small.stem)) for small in (folder / "small").glob("*.jpg")),
        *(("mail", int(recipient.partition("@")[0])) for recipient in mailed),
        *(("notification", int(number)) for number in noted),
    ]
