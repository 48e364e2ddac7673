"""What only the application itself can say: asked in a process of its own, which imports it and ends."""

import subprocess
import sys

import typer

from afterword.discovery import Target
from afterword.launch import Launch


def ask(target: Target) -> Launch:
    """What the application says its worker is to be told.

    Raises typer.Exit when it cannot be imported; that process has said why.
    """
    command = [sys.executable, "-P", "-m", "afterword.ask", target.name, str(target.root)]
    asked = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode:
        raise typer.Exit(2)
    return Launch.load(asked.stdout.splitlines()[-1])
