"""Which functions the application's own modules hand to add_task, as far as their text and their names tell it."""

import ast
import builtins
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from afterword.app import Afterword
from afterword.tasks.origin import MAIN, belongs

_NOTHING = object()


class Handed(NamedTuple):
    """One call of add_task, or of an Afterword's `add` or `add_now`."""

    function: Any
    place: str
    """File and line, for people."""


def handed(root: Path) -> Iterator[Handed]:
    """Those of all modules that lie below `root` and were imported."""
    for module in _own_modules(root):
        file = Path(str(module.__file__))
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        yield from in_text(tree, vars(module), file.name)


def in_text(tree: ast.Module, names: Mapping[str, Any], file: str) -> Iterator[Handed]:
    """What a module's text hands over that `names`, its globals, can tell."""
    reading = _Reading(names)
    reading.visit(tree)
    return iter([Handed(function, f"{file}, line {line}") for function, line in reading.found])


def _own_modules(root: Path) -> list[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if name not in MAIN
        and name.partition(".")[0] != "afterword"
        and (file := getattr(module, "__file__", None))
        and file.endswith(".py")
        and belongs(Path(file), root) is None
    ]


class _Reading(ast.NodeVisitor):
    """Goes through a module's text and knows which names are a function's own there: those say nothing about the globals."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.found: list[tuple[Any, int]] = []
        self._names = names
        self._hidden: list[frozenset[str]] = []

    def visit_Call(self, call: ast.Call) -> None:
        given = call.args[0] if call.args else next((word.value for word in call.keywords if word.arg == "func"), None)
        if given is not None and self._adds(call.func):
            function = self._value(given)
            if callable(function):
                self.found.append((function, call.lineno))
        self.generic_visit(call)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._enter(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node)

    def _enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self._hidden.append(_own_names(node))
        self.generic_visit(node)
        self._hidden.pop()

    def _adds(self, called: ast.expr) -> bool:
        match called:
            case ast.Attribute(attr="add_task"):
                return True
            case ast.Attribute(value=owner, attr="add" | "add_now"):
                return isinstance(self._value(owner), Afterword)
            case _:
                return False

    def _value(self, expression: ast.expr) -> Any:
        """What a plain name, or what hangs on one, stands for; _NOTHING where that cannot be told without running anything."""
        match expression:
            case ast.Name(id=name) if not any(name in hidden for hidden in self._hidden):
                return self._names.get(name, getattr(builtins, name, _NOTHING))
            case ast.Attribute(value=owner, attr=name):
                return _attribute(self._value(owner), name)
            case _:
                return _NOTHING


def _attribute(owner: Any, name: str) -> Any:
    """Without running a property or `__getattr__`."""
    if owner is _NOTHING:
        return _NOTHING
    if isinstance(owner, ModuleType):
        return vars(owner).get(name, _NOTHING)
    static = inspect.getattr_static(owner, name, _NOTHING)
    plain = isinstance(owner, type) or inspect.isroutine(static) or isinstance(static, Afterword)
    return getattr(owner, name, _NOTHING) if plain and static is not _NOTHING else _NOTHING


def _own_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """Names that are bound somewhere in a function: rather too many than too few."""
    bound: set[str] = set()
    shared: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) if node is not function:
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
            case ast.Global(names=names):
                shared.update(names)
    return frozenset(bound - shared)
