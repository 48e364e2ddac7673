"""`python -m afterword.ask MODULE:NAME FOLDER`: imports an application and says, in its last line, what its worker is to know.

Whoever starts a worker by hand asks so in a process of its own, since the worker never imports the application.
"""

import sys
from pathlib import Path

from afterword.discovery import attached, load, made
from afterword.errors import AfterwordError, NotAttached


def main(name: str, folder: str) -> int:
    try:
        found = attached(made(load(name, Path(folder))))
        if found is None:
            raise NotAttached
        told = found.launch().dump()
    except AfterwordError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
