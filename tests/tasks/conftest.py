"""A project on disk whose modules can be imported, and forgotten afterwards."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from afterword.tasks import registry


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **files: str) -> None:
        """Text by module name, `__` for the dots."""
        for name, text in files.items():
            self.write_file(name.replace("__", "/") + ".py", text)

    def write_file(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        importlib.invalidate_caches()
        return file

    def load(self, name: str) -> ModuleType:
        return importlib.import_module(name)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.syspath_prepend(root)
    monkeypatch.setattr(registry, "_registered", {})
    before = set(sys.modules)
    yield Project(root)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file is None or Path(file).is_relative_to(tmp_path):
            del sys.modules[name]
