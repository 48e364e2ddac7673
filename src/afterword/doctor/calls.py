"""Which functions the application's own modules hand to add_task, as far as their text and their names tell it."""

import ast
import builtins
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import fastapi
from starlette.background import BackgroundTask, BackgroundTasks

from afterword.app import Afterword
from afterword.tasks.origin import MAIN, belongs

_NOTHING = object()
_STOCK = (BackgroundTask, BackgroundTasks, fastapi.BackgroundTasks)


class Handed(NamedTuple):
    """One call of add_task, or of an Afterword's `add` or `add_now`."""

    function: Any
    place: str
    """File and line, for people."""


class Stock(NamedTuple):
    """A place in which a background task of Starlette's, or a list of them, is made."""

    name: str
    """That of its class."""
    place: str


def read(root: Path) -> tuple[list[Handed], list[Stock]]:
    """Those of all modules that lie below `root` and were imported."""
    handed, stock = list[Handed](), list[Stock]()
    for module in _own_modules(root):
        file = Path(str(module.__file__))
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        told = in_text(tree, vars(module), file.name)
        handed += told[0]
        stock += told[1]
    return handed, stock


def in_text(tree: ast.Module, names: Mapping[str, Any], file: str) -> tuple[list[Handed], list[Stock]]:
    """What a module's text hands over, and makes, that `names`, its globals, can tell."""
    reading = _Reading(names, file)
    reading.visit(tree)
    return (
        [Handed(function, f"{file}, line {line}") for function, line in reading.found],
        [Stock(name, f"{file}, line {line}") for name, line in reading.stock],
    )


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


class _Scope(NamedTuple):
    """What a function's text says of the names in it."""

    own: frozenset[str]
    """Names that are bound somewhere in it: rather too many than too few. They say nothing about the globals."""
    functions: Mapping[str, ast.AST]
    """Those that are plainly functions made in it."""


class _Reading(ast.NodeVisitor):
    """Goes through a module's text and finds what is handed over."""

    def __init__(self, names: Mapping[str, Any], file: str) -> None:
        self.found: list[tuple[Any, int]] = []
        self.stock: list[tuple[str, int]] = []
        self._names = names
        self._file = file
        self._scopes: list[_Scope] = []
        self._path: list[str] = []

    def visit_Call(self, call: ast.Call) -> None:
        given = call.args[0] if call.args else next((word.value for word in call.keywords if word.arg == "func"), None)
        if given is not None and self._adds(call.func):
            function = self._stand_in("<lambda>", given.lineno) if isinstance(given, ast.Lambda) else self._value(given)
            if callable(function):
                self.found.append((function, call.lineno))
        made = self._value(call.func)
        if isinstance(made, type) and made in _STOCK:
            self.stock.append((made.__name__, call.lineno))
        self.generic_visit(call)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._path.append(node.name)
        self.generic_visit(node)
        self._path.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node, node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._enter(node, node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node, "<lambda>")

    def _enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, name: str) -> None:
        self._scopes.append(_scope(node))
        self._path += [name, "<locals>"]
        self.generic_visit(node)
        del self._path[-2:]
        self._scopes.pop()

    def _adds(self, called: ast.expr) -> bool:
        match called:
            case ast.Attribute(value=owner, attr="add_task"):
                found = self._value(owner)
                return found is _NOTHING or isinstance(found, BackgroundTask)  # Others have an add_task, too.
            case ast.Attribute(value=owner, attr="add" | "add_now"):
                return isinstance(self._value(owner), Afterword)
            case _:
                return False

    def _value(self, expression: ast.expr) -> Any:
        """What a plain name, or what hangs on one, stands for; _NOTHING where that cannot be told without running anything."""
        match expression:
            case ast.Name(id=name):
                scope = next((scope for scope in reversed(self._scopes) if name in scope.own), None)
                if scope is None:
                    return self._names.get(name, getattr(builtins, name, _NOTHING))
                made = scope.functions.get(name)
                return _NOTHING if made is None else self._stand_in(name, getattr(made, "lineno", 0))
            case ast.Attribute(value=owner, attr=name):
                return _attribute(self._value(owner), name)
            case _:
                return _NOTHING

    def _stand_in(self, name: str, line: int) -> FunctionType:
        """Does nothing, but is called and located like the function that a function makes when it runs."""
        code = _nothing.__code__.replace(co_filename=self._file, co_firstlineno=line, co_name=name)
        made = FunctionType(code, {}, name)
        made.__module__ = str(self._names.get("__name__", "?"))
        made.__qualname__ = ".".join([*self._path, name])
        return made


def _nothing() -> None: ...


def _attribute(owner: Any, name: str) -> Any:
    """Without running a property or `__getattr__`."""
    if owner is _NOTHING:
        return _NOTHING
    if isinstance(owner, ModuleType):
        return vars(owner).get(name, _NOTHING)
    static = inspect.getattr_static(owner, name, _NOTHING)
    plain = isinstance(owner, type) or inspect.isroutine(static) or isinstance(static, Afterword)
    return getattr(owner, name, _NOTHING) if plain and static is not _NOTHING else _NOTHING


def _scope(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> _Scope:
    made = {node.name: node for node in _made(function) if not node.decorator_list}
    bound: set[str] = set()
    shared: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                if node is not function and made.get(name) is not node:
                    bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
            case ast.Global(names=names):
                shared.update(names)
    return _Scope(
        frozenset((bound | made.keys()) - shared), {name: node for name, node in made.items() if name not in bound | shared}
    )


def _made(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that the text of one makes, but not those inside of them."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inner
        elif not isinstance(inner, ast.Lambda | ast.ClassDef):
            yield from _made(inner)
