"""Applications on disk, imported here and forgotten afterwards."""

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afterword.discovery import Target
from afterword.tasks import registry

Write = Callable[..., Target]

_numbers = itertools.count()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module of a name that no other test has. Says where its `app` is."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.chdir(tmp_path)

    def write(source: str, name: str = "app") -> Target:
        module = f"examined_{next(_numbers)}"
        (tmp_path / f"{module}.py").write_text(source)
        importlib.invalidate_caches()
        return Target(f"{module}:{name}", module, tmp_path)

    yield write
    for module in set(sys.modules) - before:
        if module.startswith("examined_"):
            del sys.modules[module]
