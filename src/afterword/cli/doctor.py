"""`afterword doctor`: what is wrong, and what mends it."""

import json as notation
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from afterword.doctor.finding import Finding, Level, facts, load
from afterword.errors import StoreUrlError
from afterword.stores.url import absolute

PATIENCE = 60.0
"""Seconds that importing the application and looking at everything may take."""

MARKS = {Level.FINE: ("✓", "green"), Level.NOTE: ("·", "cyan"), Level.WARNING: ("!", "yellow"), Level.FAULT: ("✗", "red")}


def doctor(
    target: Annotated[
        str | None, Argument(help='The application, as "main:app".', show_default="found as fastapi dev finds it")
    ] = None,
    app_dir: Annotated[Path, Option(help="Folder to import it from.")] = Path(),
    store: Annotated[
        str | None,
        Option("--store", help='Where its jobs are, as "sqlite:///afterword.db".', show_default="as the application"),
    ] = None,
    json: Annotated[bool, Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Find out what is wrong with an application's background tasks, and what mends it.

    Nothing is changed. Ends with 1 when there is at least one fault, with 0 otherwise.
    """
    try:
        url = absolute(store) if store is not None else None
    except StoreUrlError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    findings = examine(target, app_dir, url, PATIENCE)
    if json:
        typer.echo(notation.dumps([facts(finding) for finding in findings], indent=2))
    else:
        show(findings)
    raise typer.Exit(1 if any(finding.level is Level.FAULT for finding in findings) else 0)


def examine(target: str | None, app_dir: Path, store: str | None, patience: float) -> list[Finding]:
    """All findings. That the application ends or stops whoever imports it is one of them; the rest is told without it."""
    asked = {"target": target, "app_dir": str(app_dir.absolute()), "store": store, "imports": True}
    answer = _ask(asked, patience)
    if isinstance(answer, list):
        return answer
    rest = _ask({**asked, "imports": False}, patience)
    return [answer, *(rest if isinstance(rest, list) else [rest])]


def closing(findings: Sequence[Finding]) -> str:
    """The last line."""
    faults, warnings = (sum(finding.level is level for finding in findings) for level in (Level.FAULT, Level.WARNING))
    if not faults and not warnings:
        return "No faults and no warnings."
    told = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in ((faults, "fault"), (warnings, "warning")) if count]
    return f"{' and '.join(told)}."


def show(findings: Sequence[Finding]) -> None:
    """For a person. Where no person looks (a pipe, a file), the same in lines that nothing breaks."""
    # Here, since it takes its time to import.
    from rich.console import Console
    from rich.text import Text

    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=not sys.stdout.isatty())
    for finding in findings:
        mark, color = MARKS[finding.level]
        for lead, text, style in ((f"{mark} ", finding.what, color), ("  → ", finding.mend, "bold")):
            if text:
                console.print(Text(lead, style=style).append(_printable(text), style="" if lead[0] == mark else style))
    console.print()
    console.print(closing(findings))


def _ask(asked: Mapping[str, object], patience: float) -> list[Finding] | Finding:
    """What the examining process answers, or why it does not."""
    command = [sys.executable, "-P", "-m", "afterword.doctor", notation.dumps(asked)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", check=False, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return dead(f"took longer than {patience:g} s")
    try:
        return load(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return dead(_end(done.returncode))


def dead(how: str) -> Finding:
    return Finding(
        Level.FAULT,
        f"The process that imports the application {how}, and has said nothing.",
        "Import its module by hand and see what it does: every runner imports it too.",
    )


def _end(code: int) -> str:
    """How a process ended, from its exit code."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _printable(text: str) -> str:
    """Without the characters that would move a terminal's cursor."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
