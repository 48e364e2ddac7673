"""Where the application is: from the object, from its name, from the files of a project."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from afterword.discovery import Target, attached, beside, load, locate, made
from afterword.errors import ApplicationBroken, ApplicationNotFound
from afterword.guessing import guess

MEND = ' Say where it is, for example Afterword(app, application="main:app") or AFTERWORD_APP=main:app.'


class Folder:
    """A project on disk, first on sys.path unless told otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        importlib.invalidate_caches()
        return file

    def run(self, *command: str) -> str:
        done = subprocess.run([sys.executable, *command], cwd=self.root, capture_output=True, text=True, check=False)
        return done.stdout.strip() or done.stderr.strip()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.import_module("fastapi")  # Once for all tests: a second one would have another class.
    before = set(sys.modules)
    yield Folder(tmp_path)
    for name in set(sys.modules) - before:
        del sys.modules[name]


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


def not_found(call: Any, *args: Any) -> str:
    with pytest.raises(ApplicationNotFound) as refused:
        call(*args)
    return str(refused.value).removesuffix(MEND)


# From the object


def test_the_application_is_found_in_the_module_that_made_it(folder: Folder) -> None:
    folder.write("main.py", "app = object()\n")

    assert locate(module("main").app, None, "main") == Target("main:app", "main", folder.root)


def test_the_root_is_where_the_outermost_package_lies(folder: Folder) -> None:
    folder.write("shop/__init__.py", "app = object()\n")
    folder.write("shop/web/__init__.py")
    folder.write("shop/web/main.py", "api = object()\n")
    folder.write("spread/main.py", "app = object()\n")

    assert locate(module("shop").app, None, "shop") == Target("shop:app", "shop", folder.root)
    assert locate(module("shop.web.main").api, None, "shop.web.main") == Target(
        "shop.web.main:api", "shop.web.main", folder.root
    )
    assert locate(module("spread.main").app, None, "spread.main") == Target("spread.main:app", "spread.main", folder.root)


def test_what_is_said_wins_and_is_not_imported(folder: Folder) -> None:
    folder.write("main.py", "app = object()\n")
    folder.write("other/__init__.py", "raise AssertionError('imported')\n")

    assert locate(module("main").app, "other.web:api", "main") == Target("other.web:api", "other.web", folder.root)
    assert locate(module("main").app, "main:thing", "main") == Target("main:thing", "main", folder.root)


def test_what_is_said_must_exist(folder: Folder) -> None:
    assert not_found(locate, object(), "nowhere:app", "main") == (
        "The application cannot be found: there is no module nowhere on sys.path."
    )
    assert not_found(locate, object(), "sys:app", "main") == "The application cannot be found: the module sys has no file."


def test_an_application_that_another_module_made(folder: Folder) -> None:
    folder.write("made.py", "app = object()\n")
    folder.write("helper.py")
    app = module("made").app
    module("helper")

    assert locate(app, None, "helper") == Target("made:app", "made", folder.root)


def test_a_name_for_others_is_taken_before_a_private_one(folder: Folder) -> None:
    folder.write("main.py", "_app = object()\nservice = _app\n")

    assert locate(module("main").service, None, "main").name == "main:service"


def test_equal_is_not_the_same(folder: Folder) -> None:
    folder.write("main.py", "first = [1]\nsecond = [1]\n")

    assert locate(module("main").second, None, "main").name == "main:second"


def test_installed_modules_are_not_searched(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    app = object()
    installed = ModuleType("installed")
    installed.__file__ = str(folder.root / "site-packages/installed.py")
    installed.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "installed", installed)
    folder.write("main.py")
    module("main")

    assert locate(app, None, "main", "create") == Target("main:create", "main", folder.root)
    assert locate(app, None, "installed").name == "installed:app"


def test_a_factory_names_itself(folder: Folder) -> None:
    folder.write("main.py", "def create(): return object()\n")

    assert locate(module("main").create(), None, "main", "create") == Target("main:create", "main", folder.root)
    assert locate(module("main").create(), None, "main", "<module>") == Target("main:app", "main", folder.root)


def test_the_script_that_was_started_has_its_real_name(folder: Folder) -> None:
    script = """
import sys
from afterword.discovery import locate
app = object()
if __name__ == "__main__":
    target = locate(app, None, __name__)
    print(target.name, target.root)
"""
    folder.write("main.py", script)
    folder.write("web/main.py", script)
    folder.write("package/__init__.py")
    folder.write("package/main.py", script)

    assert folder.run("main.py") == f"main:app {folder.root}"
    assert folder.run("web/main.py") == f"main:app {folder.root / 'web'}"
    assert folder.run("-m", "package.main") == f"package.main:app {folder.root}"


def test_a_session_without_a_file_is_told(folder: Folder) -> None:
    code = "from afterword.discovery import locate; locate(object(), None, __name__)"

    assert folder.run("-c", code).endswith(
        "ApplicationNotFound: The application cannot be found: it was made in __main__, which no other process can import."
        + MEND
    )


def test_processes_that_a_script_spawns_say_the_same_name(folder: Folder) -> None:
    folder.write(
        "main.py",
        """
import multiprocessing
from afterword.discovery import locate
app = object()
def tell(queue): queue.put(locate(app, None, __name__).name)
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    child = context.Process(target=tell, args=(queue,))
    child.start()
    print(queue.get())
    child.join()
""",
    )

    assert folder.run("main.py") == "main:app"


# From the name


def test_a_name_leads_to_the_object(folder: Folder) -> None:
    folder.write("main.py", "app = object()\n")

    loaded = load("main:app")

    assert (loaded.name, loaded.module, loaded.root) == ("main:app", "main", folder.root)
    assert loaded.object is module("main").app


def test_a_name_may_lead_deeper(folder: Folder) -> None:
    folder.write("main.py", "from types import SimpleNamespace as N\nweb = N(app=1)\n")

    assert load("main:web.app").object == 1


def test_a_name_that_leads_nowhere_is_its_module(folder: Folder) -> None:
    folder.write("main.py")

    assert load("main:create").object is module("main")
    assert load("main").object is module("main")


def test_a_folder_is_put_first_on_the_path(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "main.py").write_text("app = 2\n")
    folder.write("main.py", "app = 1\n")

    loaded = load("main:app", elsewhere)

    assert (loaded.object, loaded.root, sys.path[0]) == (2, elsewhere, str(elsewhere))


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("app = (\n", "SyntaxError: '(' was never closed"),
    ],
)
def test_an_import_that_fails_is_told_and_is_the_cause(folder: Folder, text: str, last: str) -> None:
    folder.write("main.py", text)

    with pytest.raises(ApplicationNotFound) as failed:
        load("main:app")

    assert str(failed.value) == (
        f"The application cannot be imported: importing main failed with {last}. Mend that: every runner imports it."
    )
    assert type(failed.value.__cause__).__name__ == last.partition(":")[0]


@pytest.mark.parametrize(("name", "missing"), [("nowhere:app", "nowhere"), ("main.inner:app", "main.inner")])
def test_a_module_that_is_not_there_is_not_found(folder: Folder, name: str, missing: str) -> None:
    folder.write("main/__init__.py", "")

    assert not_found(load, name) == f"The application cannot be found: there is no module {missing} on sys.path."


def test_a_module_that_the_application_lacks_is_told_as_its_import_has_it(folder: Folder) -> None:
    folder.write("main.py", "import nowhere\n")

    with pytest.raises(ApplicationBroken, match=r"with ModuleNotFoundError: No module named 'nowhere'\. Mend that"):
        load("main:app")


# From the files

FASTAPI = "from fastapi import FastAPI\n"
APP = FASTAPI + "app = FastAPI()\n"


def guessed(folder: Folder, given: str | None = None) -> tuple[str, str]:
    target = guess(folder.root, given)
    assert target.module == target.name.partition(":")[0]
    return target.name, str(target.root.relative_to(folder.root.resolve()))


@pytest.mark.parametrize(
    "files",
    [
        ["main.py", "app.py", "api.py", "app/main.py"],
        ["app.py", "api.py", "app/main.py"],
        ["api.py", "app/main.py"],
        ["app/main.py", "app/app.py", "app/api.py"],
        ["app/app.py", "app/api.py"],
        ["app/api.py"],
    ],
)
@pytest.mark.parametrize("package", [True, False])
def test_the_usual_files_are_looked_for_in_the_usual_order(folder: Folder, files: list[str], package: bool) -> None:
    for file in files:
        folder.write(file, APP)
    if package:
        folder.write("app/__init__.py")
    first = Path(files[0])
    inside = first.parent.name == "app"

    name, root = guessed(folder)

    assert name == ("app." if inside and package else "") + f"{first.stem}:app"
    assert root == ("app" if inside and not package else ".")


def test_the_rules_are_those_of_the_fastapi_command(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    discover = pytest.importorskip("fastapi_cli.discover")
    folder.write("outer/__init__.py")
    folder.write("outer/app/__init__.py")
    folder.write("outer/app/api.py", FASTAPI + "first = 1\nservice = FastAPI()\n")
    monkeypatch.chdir(folder.root / "outer")

    data = discover.get_import_data()
    target = guess(Path())

    assert target.name == data.import_string == "outer.app.api:service"
    assert target.root == data.module_data.extra_sys_path == folder.root.resolve()


def test_pyproject_says_it_first(folder: Folder) -> None:
    folder.write("main.py", APP)
    folder.write("shop/web.py", APP)
    folder.write("pyproject.toml", '[tool.fastapi]\nentrypoint = "shop.web:api"\n')

    assert guessed(folder) == ("shop.web:api", ".")


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "[project]\nname = 'x'\n", "[tool.fastapi]\n"])
def test_a_pyproject_that_says_nothing_changes_nothing(folder: Folder, text: str) -> None:
    folder.write("main.py", APP)
    folder.write("pyproject.toml", text)

    assert guessed(folder) == ("main:app", ".")


@pytest.mark.parametrize(
    ("given", "name", "root"),
    [
        ("main:api", "main:api", "."),
        ("main", "main:app", "."),
        ("main.py", "main:app", "."),
        ("./main.py", "main:app", "."),
        ("main.py:api", "main:api", "."),
        ("shop/web.py", "shop.web:app", "."),
        ("shop/web.py:api", "shop.web:api", "."),
        ("shop.web", "shop.web:app", "."),
        ("shop", "shop:app", "."),
        ("shop/__init__.py", "shop:app", "."),
        ("spread/web.py", "web:app", "spread"),
        ("spread.web", "spread.web:app", "."),
    ],
)
def test_what_a_person_types(folder: Folder, given: str, name: str, root: str) -> None:
    folder.write("main.py", APP)
    folder.write("shop/__init__.py", APP)
    folder.write("shop/web.py", APP)
    folder.write("spread/web.py", APP)

    assert guessed(folder, given) == (name, root)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (APP, "app"),
        (FASTAPI + "api = FastAPI()\n", "api"),
        (FASTAPI + "api = FastAPI()\napp = FastAPI()\n", "app"),
        (FASTAPI + "service = FastAPI()\n", "service"),
        ("import fastapi\nservice: fastapi.FastAPI = fastapi.FastAPI(title='x')\n", "service"),
        ("from app import api\nfrom fastapi import FastAPI\nservice = FastAPI()\n", "service"),
        ("from factory import create\napp = create()\n", "app"),
        ("from factory import app\n", "app"),
        ("from factory import application as api\n", "api"),
        (FASTAPI + "if True:\n    app = FastAPI()\nelse:\n    app = None\n", "app"),
        (FASTAPI + "try:\n    app = FastAPI()\nexcept Exception:\n    raise\n", "app"),
        (FASTAPI + "def create():\n    inner = FastAPI()\n    return inner\nservice = FastAPI()\n", "service"),
        ("# -*- coding: latin-1 -*-\n" + APP, "app"),
    ],
)
def test_the_application_in_a_file(folder: Folder, text: str, name: str) -> None:
    folder.write("main.py", "raise AssertionError('imported')\n" + text if not text.startswith("#") else text)

    assert guessed(folder)[0] == f"main:{name}"


def test_what_cannot_be_guessed_is_told(folder: Folder) -> None:
    start = "The application cannot be found: "

    assert not_found(guess, folder.root) == (
        f"{start}there is none of main.py, app.py, api.py, app/main.py, app/app.py, app/api.py in {folder.root}."
    )
    file = folder.write("main.py", "x = 1\n")
    assert not_found(guess, folder.root) == f"{start}no name in {file} is assigned a FastAPI()."
    folder.write("main.py", FASTAPI + "a = FastAPI()\nb = FastAPI()\n")
    assert not_found(guess, folder.root) == f"{start}{file} makes several: a, b."
    folder.write("main.py", "app = (\n")
    assert not_found(guess, folder.root) == (
        "The application cannot be imported: main.py, line 1: '(' was never closed. Mend that: every runner imports it."
    )
    assert not_found(guess, folder.root, "nowhere.py") == f"{start}there is no file {folder.root / 'nowhere.py'}."
    assert not_found(guess, folder.root, "nowhere:app") == f"{start}there is no module nowhere in {folder.root} or on sys.path."
    toml = folder.write("pyproject.toml", "[tool.fastapi]\nentrypoint = 3\n")
    assert not_found(guess, folder.root) == f"{start}the entrypoint in {toml} is no text."
    folder.write("pyproject.toml", "[tool\n")
    assert not_found(guess, folder.root).startswith(f"{start}{toml} cannot be read: ")
    folder.write("pyproject.toml", "tool = 3\n")
    assert not_found(guess, folder.root).startswith(f"{start}{toml} cannot be read: ")


def test_nothing_else_is_changed_by_guessing(folder: Folder) -> None:
    folder.write("main.py", APP)
    before = (list(sys.path), set(sys.modules))

    guess(folder.root)

    assert (list(sys.path), set(sys.modules)) == before


# Its Afterword

BOTH = "from fastapi import FastAPI\nfrom afterword import Afterword\n"


def test_the_afterword_of_an_application(folder: Folder) -> None:
    folder.write("main.py", BOTH + "other = Afterword()\napp = FastAPI()\nown = Afterword(app)\n")

    loaded = load("main:app")

    assert made(loaded) is loaded
    assert attached(loaded) is module("main").own
    assert beside(loaded) == {"other": module("main").other, "own": module("main").own}
    assert (module("main").own.app, module("main").other.app) == (module("main").app, None)


def test_that_of_a_factory_s(folder: Folder) -> None:
    folder.write("main.py", BOTH + "def create():\n    app = FastAPI()\n    Afterword(app)\n    return app\n")

    loaded = load("main:create")

    assert attached(loaded) is None
    application = made(loaded)
    assert attached(application) is application.object.state.afterword
    assert (application.name, application.root) == (loaded.name, loaded.root)


def test_one_that_stands_beside_it(folder: Folder) -> None:
    folder.write("main.py", BOTH + "here = Afterword()\napp = FastAPI(lifespan=here.lifespan)\n")

    assert attached(load("main:app")) is module("main").here


def test_what_only_has_its_name_is_none(folder: Folder) -> None:
    folder.write(
        "main.py",
        "from unittest.mock import MagicMock\nfrom fastapi import FastAPI\nfrom afterword import Afterword\n"
        "app = FastAPI()\napp.state.afterword = mock = MagicMock()\n",
    )

    assert attached(load("main:app")) is None
    assert beside(load("main:app")) == {}


def test_a_name_that_leads_to_nothing_is_refused_and_says_what_there_is(folder: Folder) -> None:
    folder.write("main.py", BOTH + "service = FastAPI()\nFastAPI\n")

    assert not_found(made, load("main:app")) == "The application cannot be found: main has no `app`, but `service`."


def test_an_application_that_only_the_script_has(folder: Folder) -> None:
    folder.write("main.py", FASTAPI + 'if __name__ == "__main__":\n    app = FastAPI()\n')

    assert not_found(made, load("main:app")) == (
        'The application cannot be found: main has no `app` where it is imported, only below `if __name__ == "__main__":`.'
    )
