"""The application, imported here."""

from pathlib import Path

import pytest

from afterword.doctor import application
from afterword.doctor.application import Application, bring, not_found
from afterword.doctor.finding import Finding, Level
from afterword.errors import ApplicationNotFound, StoreUrlError
from afterword.guessing import guess
from tests.doctor.conftest import Write

HEAD = "from fastapi import FastAPI\nfrom afterword import Afterword, task\napp = FastAPI()\n"


def brought(write: Write, source: str, name: str = "app") -> tuple[Application | None, list[Finding], str]:
    target = write(source, name)
    found, findings = application.bring(target)
    return found, findings, target.module


def one(write: Write, source: str, name: str = "app") -> tuple[Finding, str]:
    found, (finding,), module = brought(write, source, name)
    assert found is None
    return finding, module


def test_one_that_is_well(write: Write, tmp_path: Path) -> None:
    found, findings, module = brought(write, HEAD + "Afterword(app)\n@task\ndef send(): ...\n")
    assert findings == [Finding(Level.FINE, f"The application {module}:app is found in {tmp_path}, and has an Afterword.")]
    assert found is not None
    assert (found.name, found.root, found.store) == (f"{module}:app", tmp_path, f"sqlite:///{tmp_path}/afterword.db")
    assert found.early == {f"{module}:send"}


def test_a_factory_is_called_and_what_it_brings_comes_late(write: Write) -> None:
    source = (
        "from fastapi import FastAPI\nfrom afterword import Afterword, task\ndef create():\n    app = FastAPI()\n"
        "    Afterword(app, store='memory')\n    task(send)\n    return app\ndef send(): ...\n"
    )
    found, findings, module = brought(write, source, "create")
    assert [finding.level for finding in findings] == [Level.FINE]
    assert found is not None
    assert (found.name, found.store, found.early) == (f"{module}:create", "memory", frozenset())


def test_an_afterword_in_the_lifespan(write: Write) -> None:
    source = HEAD.replace("app = FastAPI()", "here = Afterword()\napp = FastAPI(lifespan=here.lifespan)")
    found, findings, _ = brought(write, source)
    assert [finding.level for finding in findings] == [Level.FINE]
    assert found is not None


@pytest.mark.parametrize("rest", ["", "aside = Afterword()\n"])
def test_no_afterword(write: Write, rest: str) -> None:
    found, module = one(write, HEAD + rest)
    assert found == Finding(
        Level.FAULT,
        f"The application {module}:app has no afterword.",
        "Add `Afterword(app)` below `app = FastAPI()`.",
    )


def test_two_for_one_application(write: Write) -> None:
    found, _ = one(write, HEAD + "Afterword(app)\nAfterword(app)\n")
    assert found == Finding(
        Level.FAULT, "This application has an afterword already.", "Keep one `Afterword(app)` for each application."
    )


def test_another_one_beside_it(write: Write) -> None:
    _, findings, module = brought(write, HEAD + "Afterword(app)\nother = Afterword()\nsub = FastAPI()\nAfterword(sub)\n")
    assert findings[1:] == [
        Finding(
            Level.WARNING,
            f"Besides the application's own, {module} makes another Afterword: `other`.",
            "Keep one for each application: what is added through another may rest in another store.",
        )
    ]


def test_a_module_that_is_missing(write: Write) -> None:
    found, module = one(write, "import os\nimport nothing_of_this_name\n")
    assert found.level is Level.FAULT
    assert found.what == (
        f"Importing {module} failed with ModuleNotFoundError: No module named 'nothing_of_this_name' ({module}.py, line 2)."
    )
    assert found.mend.startswith("Install nothing_of_this_name into this environment (")
    assert found.mend.endswith("), or say with --app-dir in which folder the application is started.")


def test_an_import_that_raises(write: Write) -> None:
    found, module = one(write, "def deep():\n    raise KeyError('DATABASE_URL')\ndeep()\n")
    assert found == Finding(
        Level.FAULT,
        f"Importing {module} failed with KeyError: 'DATABASE_URL' ({module}.py, line 2).",
        "Mend what it raises: every runner imports this module.",
    )


def test_an_import_that_exits(write: Write) -> None:
    found, module = one(write, "import sys\nsys.exit(3)\n")
    assert found == Finding(
        Level.FAULT,
        f"Importing {module} failed with SystemExit: 3 ({module}.py, line 2).",
        'Put what ends the process below `if __name__ == "__main__":`, since every runner imports this module.',
    )


def test_a_factory_that_raises(write: Write) -> None:
    found, module = one(write, "def create():\n    raise ValueError('no')\n", "create")
    assert found == Finding(
        Level.FAULT,
        f"Calling {module}:create failed with ValueError: no ({module}.py, line 2).",
        "Mend what it raises: every runner imports this module.",
    )


def test_an_import_that_cannot_be_parsed(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("app = (\n")
    with pytest.raises(ApplicationNotFound) as error:
        guess(tmp_path)
    assert not_found(error.value) == Finding(
        Level.FAULT,
        "The application cannot be imported: main.py, line 1: '(' was never closed.",
        "Mend it: every runner imports this module.",
    )


def test_a_name_that_the_environment_has_said(write: Write) -> None:
    target = write(HEAD, "nope")
    assert bring(target, target.name)[1] == [
        Finding(
            Level.FAULT,
            f"The application {target.name}, which AFTERWORD_APP names, cannot be found: {target.module} has no `nope`, but"
            " `app`.",
            "Correct AFTERWORD_APP, or unset it. Say where it is: afterword doctor main:app, or --app-dir FOLDER.",
        )
    ]


def test_a_method_that_is_no_task(write: Write) -> None:
    found, module = one(write, HEAD + "class Mailer:\n    @task\n    def send(self): ...\n")
    assert found == Finding(
        Level.FAULT,
        f"{module}:Mailer.send ({module}.py, line 5) cannot run in another process: it is a method, and no object travels"
        " there.",
        "Make it a static method, or a function at module level, that takes the object's id.",
    )


def test_a_name_that_is_not_there(write: Write) -> None:
    found, module = one(write, HEAD, "nope")
    assert found == Finding(
        Level.FAULT,
        f"The application cannot be found: {module} has no `nope`, but `app`.",
        "Say where it is: afterword doctor main:app, or --app-dir FOLDER.",
    )


def test_settings_that_cannot_be_used(write: Write) -> None:
    found, _ = one(write, HEAD + "Afterword(app, drain=-1, runners=-1)\n")
    assert found == Finding(
        Level.FAULT,
        "These settings cannot be used: runners=-1 must be a whole number, at least 0; drain=-1 must be a number of"
        " seconds, at least 0.",
        "Correct them where Afterword(app) is called, or in the environment.",
    )


def test_a_task_that_is_refused(write: Write) -> None:
    found, module = one(write, HEAD + "Afterword(app)\ntask(lambda: None)\n")
    assert found == Finding(
        Level.FAULT,
        f"The lambda in {module}.py, line 5 cannot run in another process: it has no name to be found by.",
        "Write it as a function at module level, and pass what it uses as arguments.",
    )


def test_a_store_that_is_none() -> None:
    assert application.refused(StoreUrlError(url="redis://", why="it does not begin with sqlite:///")) == Finding(
        Level.FAULT,
        "'redis://' names no store: it does not begin with sqlite:///.",
        'Use "sqlite:///afterword.db", "memory", "inline" or "inline-strict".',
    )
