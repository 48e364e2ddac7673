"""The machine that was measured on, in words that stand above the tables."""

import importlib.metadata
import os
import platform
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from afterword.stores.sqlite.filesystem import type_of

_LIBRARIES = ("afterword", "fastapi", "uvicorn", "uvloop", "httptools")


def describe(folder: Path) -> dict[str, str]:
    """What there is, by name; `folder` is where the stores lie."""
    return {
        "processor": processor(Path("/proc/cpuinfo").read_text()),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": memory(Path("/proc/meminfo").read_text()),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "disk": _disk(folder),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **dict(_libraries()),
    }


def processor(text: str) -> str:
    """The name in /proc/cpuinfo, or the architecture where it has none."""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def memory(text: str) -> str:
    """The total in /proc/meminfo, in GB of 10^9 bytes."""
    found = re.search(r"^MemTotal:\s*(\d+) kB$", text, re.MULTILINE)
    return f"{int(found[1]) * 1024 / 1e9:.1f} GB" if found else "unknown"


def _disk(folder: Path) -> str:
    device = folder.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    return f"{type_of(folder) or 'an unknown file system'} on {name if Path('/sys/class/block', name).exists() else 'no disk'}"


def _libraries() -> Iterator[tuple[str, str]]:
    for name in _LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
