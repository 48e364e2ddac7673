"""`python -m afterword.ask MODULE:NAME FOLDER`: imports an application and says, in its last line, what its worker is to know.

Whoever starts a worker by hand asks so in a process of its own, since the worker never imports the application.
"""

import sys
from pathlib import Path
from types import FunctionType

from starlette.applications import Starlette

from afterword.app import Afterword
from afterword.discovery import Loaded, load
from afterword.errors import AfterwordError, ApplicationNotFound, NotAttached


def main(name: str, folder: str) -> int:
    try:
        loaded = load(name, Path(folder))
        told = _afterword(loaded).launch().dump()
    except AfterwordError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{told}\n")
    return 0


def _afterword(loaded: Loaded) -> Afterword:
    """That of the application, else the one that its module made. Raises ApplicationNotFound or NotAttached."""
    module = sys.modules[loaded.module]
    if loaded.object is module:
        made = [f"`{name}`" for name, value in vars(module).items() if isinstance(value, Starlette)]
        hint = f", but {' and '.join(made)}" if made else ""
        raise ApplicationNotFound(reason=f"{loaded.module} has no `{loaded.name.partition(':')[2]}`{hint}")
    application = loaded.object() if isinstance(loaded.object, FunctionType) else loaded.object  # A factory, as for uvicorn.
    attached = getattr(getattr(application, "state", None), "afterword", None)
    beside = [value for value in vars(module).values() if isinstance(value, Afterword)]
    for found in (attached, *beside):
        if isinstance(found, Afterword):
            return found
    raise NotAttached


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
