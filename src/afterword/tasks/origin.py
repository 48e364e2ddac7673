"""Where a function comes from: its module's real name, its file, and whether that belongs to the application."""

import ast
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

MAIN = ("__main__", "__mp_main__")
_PART = re.compile(r"[^\W\d][\w-]*")
INSTALLED = frozenset({"site-packages", "dist-packages"})


class Foreign(Exception):
    """A module or function that may not run here; the text says why."""


def real_name(module: str) -> str | None:
    """The name under which another process can import `module`: for the script that was started, not `__main__`.

    None where there is no such name: in a REPL, with `python -c`, for a folder that is run.
    """
    if module not in MAIN:
        return module
    main = sys.modules[module]
    spec: ModuleSpec | None = getattr(main, "__spec__", None)
    if spec is not None:
        return None if spec.name in MAIN else spec.name
    file = getattr(main, "__file__", None)
    return Path(file).stem if file else None


def find_statically(module: ModuleType, qualname: str) -> object:
    """What `qualname` names in `module`, through classes only and without running anything; None where there is nothing."""
    found: object = module
    for part in qualname.split("."):
        if isinstance(found, ModuleType):
            found = vars(found).get(part) if found is module else None
        elif isinstance(found, type):
            found = inspect.getattr_static(found, part, None)
        else:
            return None
    return found.__func__ if isinstance(found, staticmethod) else found


def bring_in(name: str, root: Path) -> ModuleType:
    """Import module `name`, after each package on the way and the module itself was found to lie under `root`.

    Raises Foreign, and then has imported nothing that does not. Whatever the module's own code raises comes through.
    """
    for step in _steps(name):
        refuse_foreign(_spec(step), step, root)
        importlib.import_module(step)
    return sys.modules[name]


def refuse_foreign(spec: ModuleSpec, name: str, root: Path) -> None:
    """Raises Foreign unless the module's file (or a namespace package's folder) belongs to the application."""
    if spec.origin is None and spec.submodule_search_locations is not None:
        places = list(spec.submodule_search_locations)
    else:
        places = [spec.origin] if spec.has_location and spec.origin else []
    if not places:
        raise Foreign(f"the module {name} has no file")
    faults = [belongs(Path(place), root) for place in places]
    if all(faults):
        raise Foreign(f"the module {name} {faults[0]}")


def belongs(file: Path, root: Path) -> str | None:
    """Why `file` is none of the application's own below `root`; None when it is one of them."""
    # As it is written and as the disk has it: a link inside the root may lead out, a root may itself be a link.
    written, real = file.absolute(), file.resolve()
    for path in (written, real):
        if INSTALLED.intersection(path.parts):
            return f"is an installed package ({path})"
        if any(path.is_relative_to(folder) for folder in _STANDARD):
            return "is part of Python's standard library"
    if not written.is_relative_to(root.absolute()) and not real.is_relative_to(root.resolve()):
        return f"lies outside the application's folder {root} ({written})"
    return None


def defined_at(function: FunctionType) -> str:
    """File and line, for people."""
    return f"{Path(function.__code__.co_filename).name}, line {function.__code__.co_firstlineno}"


def guarded(file: str | None, name: str) -> bool:
    """Whether a module's text binds `name` only below `if __name__ == "__main__":`, where it is not when it is imported."""
    return file is not None and name in _guarded(file)


@functools.cache
def _guarded(file: str) -> frozenset[str]:
    try:
        body = ast.parse(Path(file).read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    inside, outside = list[ast.stmt](), list[ast.stmt]()
    for statement in body:
        match statement:
            case ast.If(
                test=ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant("__main__")]),
                body=then,
                orelse=otherwise,
            ):
                inside += then
                outside += otherwise
            case _:
                outside.append(statement)
    return _bound(inside) - _bound(outside)


def _bound(body: list[ast.stmt]) -> frozenset[str]:
    """Every name that is bound somewhere in there: rather too many than too few."""
    names: set[str] = set()
    for node in (node for statement in body for node in ast.walk(statement)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.alias(asname=str(name)) | ast.alias(name=name):
                names.add(name)
    return frozenset(names)


def _steps(name: str) -> Iterator[str]:
    parts = name.split(".")
    # The script of a package is imported only by a runner whose application it is: others would start it anew.
    scripts = {MAIN[0]} if name in sys.modules and len(parts) > 1 else set()
    # A script may be called my-app.py: nothing but a statement needs an identifier.
    if not all(_PART.fullmatch(part) and (not part.startswith("__") or part in scripts) for part in parts):
        raise Foreign(f"{name!r} is no module's name")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def _spec(name: str) -> ModuleSpec:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError) as error:
        raise Foreign(f"the module {name} cannot be found: {error}") from error
    if spec is None:
        raise Foreign(f"there is no module {name}")
    return spec


def _standard() -> tuple[Path, ...]:
    paths: dict[str, Any] = sysconfig.get_paths()
    written = {Path(paths[which]) for which in ("stdlib", "platstdlib")}
    return tuple(written | {path.resolve() for path in written})


_STANDARD = _standard()
