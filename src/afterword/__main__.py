"""`afterword`, and `python -m afterword`: the command, or a word on how to get it."""

import io
import os
import signal
import sys
from pathlib import Path

from afterword.asking import begin_early

UNREAD = 128 + signal.SIGPIPE
"""The exit code where whoever was to read the answer has gone: what a shell says of any program that ends so."""


def main() -> None:
    _prepare_to_speak()
    begin_early(sys.argv[1:])
    try:
        from afterword.cli import command
    except ModuleNotFoundError as missing:
        if missing.name != "typer":
            raise
        sys.stderr.write('To use the afterword command, install "afterword[standard]".\n')
        sys.exit(2)
    try:
        try:
            command()
        finally:
            sys.stdout.flush()  # Here, where it can still be said that nobody reads it.
    except BrokenPipeError:
        _leave_unread()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Of a broken pipe, typer makes an end with 1.
            _leave_unread()
        raise


def _prepare_to_speak() -> None:
    """What an encoding cannot say is spelt out, rather than that nothing is said."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115, open as long as the process lives
    if sys.stdout is None:
        # Else the next file that is opened, such as the store, would be the output of whatever is started from here.
        sys.stderr.write("The standard output is closed: lead it somewhere, for example to /dev/null.\n")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _leave_unread() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # What is left in memory is written at the end.
    sys.exit(UNREAD)


if __name__ == "__main__":
    main()
