"""`module:name` and the application it stands for: found from the object, from the name, or from the files of a project."""

import importlib
import importlib.util
import sys
import traceback
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from afterword.errors import ApplicationBroken, ApplicationNotFound
from afterword.tasks.origin import INSTALLED, MAIN, guarded, real_name


class Target(NamedTuple):
    """Where an application is."""

    name: str
    """`module:name`; every process that works for the application says the same."""
    module: str
    root: Path
    """The entry of `sys.path` that holds the module's top-level package."""


class Loaded(NamedTuple):
    """An application that was imported, from where its target says."""

    name: str
    module: str
    root: Path
    object: Any
    """What the name leads to; the module itself where it leads to nothing."""


def locate(application: object, explicit: str | None, caller: str, function: str = "app") -> Target:
    """Where `application` is, which module `caller` holds or makes in its `function`.

    What is said explicitly wins. Else the object is looked for by identity: in the caller, in the script that was started,
    then in all modules that are not installed. A factory's application is in none of them: then the name is made of the caller
    and its function, and a runner, which needs only the module's tasks, imports only the module.
    """
    if explicit:
        module, _, name = explicit.partition(":")
        return _target(module, name, _root_of(module))
    for module in (caller, *MAIN, *_own_modules()):
        for name in _names(sys.modules.get(module), application):
            real = real_name(module)
            if real is not None:
                return _target(real, name, _root(real, sys.modules[module]))
    real = real_name(caller)
    if real is None or caller not in sys.modules:
        raise ApplicationNotFound(reason=f"it was made in {caller}, which no other process can import")
    return _target(real, function if function.isidentifier() else "app", _root(real, sys.modules[caller]))


def load(name: str, directory: Path | None = None) -> Loaded:
    """Import the application `module:name`, from `directory` first where one is given.

    Raises ApplicationNotFound, or ApplicationBroken, whose cause is whatever the import raised.
    """
    if directory is not None and str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    module, _, attribute = name.partition(":")
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
            raise ApplicationNotFound(reason=f"there is no module {error.name} on sys.path") from error
        last = traceback.format_exception_only(error)[-1].strip()
        raise ApplicationBroken(reason=f"importing {module} failed with {last}") from error
    found: Any = imported
    for part in filter(None, attribute.split(".")):
        found = getattr(found, part, imported)
    return Loaded(name, module, _root(module, imported), found)


def made(loaded: Loaded) -> Loaded:
    """With the application itself: a factory is called, as uvicorn does it.

    Raises ApplicationNotFound where the name leads to nothing, and whatever the factory raises.
    """
    module = sys.modules[loaded.module]
    if loaded.object is module:
        others = [f"`{name}`" for name, value in vars(module).items() if _is_application(value)]
        name = loaded.name.partition(":")[2]
        hint = f", but {' and '.join(others)}" if others else ""
        if guarded(module.__file__, name):
            hint = ' where it is imported, only below `if __name__ == "__main__":`'
        raise ApplicationNotFound(reason=f"{loaded.module} has no `{name}`{hint}")
    return loaded._replace(object=loaded.object()) if isinstance(loaded.object, FunctionType) else loaded


def attached(loaded: Loaded) -> Any:
    """The Afterword of an application, else the first that its module made beside it; None where there is neither."""
    own = getattr(getattr(loaded.object, "state", None), "afterword", None)
    return own if _is_afterword(own) else next(iter(beside(loaded).values()), None)


def beside(loaded: Loaded) -> dict[str, Any]:
    """Every Afterword that stands in the application's module, by its name there."""
    return {name: value for name, value in vars(sys.modules[loaded.module]).items() if _is_afterword(value)}


def _target(module: str, name: str, root: Path) -> Target:
    return Target(f"{module}:{name}", module, root)


# Known by their looks: their classes stand on floors above, or are not to be imported by whoever only guesses.


def _is_application(value: object) -> bool:
    return all(hasattr(type(value), verb) for verb in ("add_middleware", "build_middleware_stack"))


def _is_afterword(value: object) -> bool:
    return all(hasattr(type(value), verb) for verb in ("add_now", "launch", "listen"))


# From the object


def _own_modules() -> list[str]:
    return [
        name
        for name, module in list(sys.modules.items())
        if (file := getattr(module, "__file__", None)) and INSTALLED.isdisjoint(Path(file).parts)
    ]


def _names(module: ModuleType | None, application: object) -> list[str]:
    """The names of the object there, one that is meant for others first."""
    found = [name for name, value in list(getattr(module, "__dict__", {}).items()) if value is application]
    return sorted(found, key=lambda name: name.startswith("_"))


def _root(name: str, module: ModuleType) -> Path:
    file = getattr(module, "__file__", None)
    if file is None:
        raise ApplicationNotFound(reason=f"the module {name} has no file")
    path = Path(file).absolute()
    levels = name.count(".") + (path.stem == "__init__")
    return path.parents[levels]


def _root_of(module: str) -> Path:
    """The same, without importing it."""
    if module in sys.modules:
        return _root(module, sys.modules[module])
    top = module.partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    return root_in(spec, top)


def root_in(spec: ModuleSpec | None, top: str) -> Path:
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).absolute().parent
    if spec is not None and spec.has_location and spec.origin:
        return Path(spec.origin).absolute().parent
    raise ApplicationNotFound(reason=f"there is no module {top} on sys.path")
