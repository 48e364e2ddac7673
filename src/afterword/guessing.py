"""The application of a project, guessed from its files, by the rules of the `fastapi` command and importing nothing."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from afterword.discovery import Target, root_in
from afterword.errors import ApplicationBroken, ApplicationNotFound

USUAL_FILES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
"""Where the `fastapi` command looks, in its order."""

USUAL_NAMES = ("app", "api")


def guess(directory: Path, given: str | None = None) -> Target:
    """The application of the project in `directory`, by the rules of the `fastapi` command, importing nothing.

    `given` is what a person typed: `main:app`, `main`, `main.py`, `app/main.py:app`. Without it: `entrypoint` below
    `[tool.fastapi]` in pyproject.toml, then the usual files. In a file: the name of what is made by `FastAPI()`, else `app`
    or `api`.
    """
    directory = directory.absolute()
    place, _, name = (given or _entrypoint(directory) or _usual_file(directory)).partition(":")
    if place.endswith(".py") or "/" in place:
        file = directory / place
        module, root = _module_of(file)
    else:
        module, root, file = _module_named(place, directory)
    name = name or _application_in(file)
    return Target(f"{module}:{name}", module, root)


def _entrypoint(directory: Path) -> str | None:
    file = directory / "pyproject.toml"
    if not file.is_file():
        return None
    try:
        entrypoint = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("fastapi", {}).get("entrypoint")
    except (ValueError, AttributeError) as error:
        raise ApplicationNotFound(reason=f"{file} cannot be read: {error}") from error
    if entrypoint is not None and not isinstance(entrypoint, str):
        raise ApplicationNotFound(reason=f"the entrypoint in {file} is no text")
    return entrypoint


def _usual_file(directory: Path) -> str:
    for file in USUAL_FILES:
        if (directory / file).is_file():
            return file
    raise ApplicationNotFound(reason=f"there is none of {', '.join(USUAL_FILES)} in {directory}")


def _module_of(file: Path) -> tuple[str, Path]:
    """Module name and root of a file: every folder above it that has an `__init__.py` is a package."""
    if not file.exists():
        raise ApplicationNotFound(reason=f"there is no file {file}")
    file = file.resolve()
    parts = [] if file.name == "__init__.py" else [file.stem]
    folder = file if file.is_dir() else file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts), folder


def _module_named(module: str, directory: Path) -> tuple[str, Path, Path]:
    top = module.partition(".")[0]
    spec = PathFinder.find_spec(top, [str(directory), *sys.path])
    if spec is None:
        raise ApplicationNotFound(reason=f"there is no module {top} in {directory} or on sys.path")
    root = root_in(spec, top)
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    return module, root, file if file.is_file() else file.with_suffix("") / "__init__.py"


def _application_in(file: Path) -> str:
    """The name of the application in a module's text."""
    try:
        tree = ast.parse(file.read_bytes(), file.name)
    except SyntaxError as error:
        raise ApplicationBroken(reason=f"{file.name}, line {error.lineno}: {error.msg}") from error
    except (OSError, ValueError) as error:
        raise ApplicationNotFound(reason=f"{file} cannot be read: {error}") from error
    bound = list(_bindings(tree.body))
    made = [name for name, value in bound if _makes_fastapi(value)]
    for name in USUAL_NAMES:
        if name in made:
            return name
    if len(made) == 1:
        return made[0]
    if made:
        raise ApplicationNotFound(reason=f"{file} makes several: {', '.join(made)}")
    for name in USUAL_NAMES:
        if any(name == other for other, _ in bound):
            return name
    raise ApplicationNotFound(reason=f"no name in {file} is assigned a FastAPI()")


def _bindings(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    """Every name that the top level of a module binds, with what it is bound to where that is an expression."""
    for statement in body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                yield name, value
            case ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name, None) for alias in names)
            case ast.If(body=then, orelse=otherwise) | ast.Try(body=then, orelse=otherwise):
                yield from _bindings([*then, *otherwise])
            case ast.With(body=then):
                yield from _bindings(then)


def _makes_fastapi(value: ast.expr | None) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="FastAPI") | ast.Attribute(attr="FastAPI")):
            return True
        case _:
            return False
