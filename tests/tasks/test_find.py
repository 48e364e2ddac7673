"""How a runner finds the function of a job again, and what it never runs."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterword.errors import TaskUnknown
from afterword.tasks.registry import Registry
from tests.tasks.conftest import Project


@pytest.fixture
def shop(project: Project) -> Project:
    """A project in which whatever is imported without need fails."""
    project.write_file("shop/__init__.py")
    project.write(
        shop__main="""
import subprocess
from subprocess import run
from shop.mails import send, registered
class Mailer:
    @staticmethod
    def now(): return 1
    def later(self): ...
class Live:
    def __getattr__(self, name): raise AssertionError("executed")
    @property
    def send(self): raise AssertionError("executed")
live = Live()
def __getattr__(name): raise AssertionError("executed")
def pay(): return 2
same = pay
""",
        shop__mails="""
from afterword.tasks.registry import task
def send(): return 3
@task
def registered(): return 4
""",
        shop__broken="import nowhere_at_all\n",
        shop__quitting="raise SystemExit(3)\n",
    )
    project.write_file("spread/inner.py", "def f(): return 5\n")
    project.write_file("venv/lib/python3.11/site-packages/evil/__init__.py", "raise AssertionError('executed')\n")
    project.write_file("../elsewhere/outside.py", "raise AssertionError('executed')\n")
    project.write_file("../elsewhere/outer/__init__.py", "raise AssertionError('executed')\n")
    project.write_file("../elsewhere/outer/inner.py", "def f(): ...\n")
    sys.path += [str(project.root / "venv/lib/python3.11/site-packages"), str(project.root.parent / "elsewhere")]
    return project


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("shop.main:pay", 2),
        ("shop.main:Mailer.now", 1),
        ("shop.mails:send", 3),
        ("shop.mails:registered", 4),
        ("shop.main:registered", 4),
        ("spread.inner:f", 5),
    ],
)
def test_what_belongs_to_the_application_is_found(shop: Project, name: str, result: int) -> None:
    registry = Registry(shop.root)

    assert registry.find(name)() == result
    assert registry.find(name) is registry.find(name)


def refusal(root: Path | None, name: str) -> str:
    with pytest.raises(TaskUnknown) as unknown:
        Registry(root).find(name)
    return str(unknown.value)


SITE = "venv/lib/python3.11/site-packages/evil/__init__.py"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("os:system", "the module os has no file"),
        ("os.path:join", "the module os has no file"),
        ("sys:exit", "the module sys has no file"),
        ("json:loads", "the module json is part of Python's standard library"),
        ("json.tool:main", "the module json is part of Python's standard library"),
        ("antigravity:fly", "the module antigravity is part of Python's standard library"),
        ("evil:f", "the module evil is an installed package ({root}/" + SITE + ")"),
        ("outside:f", "the module outside lies outside the application's folder {root} ({root.parent}/elsewhere/outside.py)"),
        ("outer.inner:f", "the module outer lies outside the application's folder {root}"
            " ({root.parent}/elsewhere/outer/__init__.py)"),
        ("nowhere:f", "there is no module nowhere"),
        ("shop.nowhere:f", "there is no module shop.nowhere"),
        ("shop.mails.deeper:f", "the module shop.mails.deeper cannot be found: __path__ attribute not found on 'shop.mails'"
            " while trying to find 'shop.mails.deeper'"),
        ("shop.main:nowhere", "the module shop.main has no function nowhere"),
        ("shop.main:Mailer.nowhere", "the module shop.main has no function Mailer.nowhere"),
        ("shop.main:Mailer", "the module shop.main has no function Mailer"),
        ("shop.main:live.send", "the module shop.main has no function live.send"),
        ("shop.main:subprocess.run", "the module shop.main has no function subprocess.run"),
        ("shop.main:__class__", "the module shop.main has no function __class__"),
        ("shop.main:__builtins__.eval", "the module shop.main has no function __builtins__.eval"),
        ("shop.main:pay.__globals__", "the module shop.main has no function pay.__globals__"),
        ("shop.main:pay.__call__", "the module shop.main has no function pay.__call__"),
        ("shop.main:", "the module shop.main has no function without a name"),
        ("shop.main:run", "it is another name of subprocess:run"),
        ("shop.main:send", "it is another name of shop.mails:send"),
        ("shop.main:same", "it is another name of shop.main:pay"),
        ("__main__:main", "'__main__' is no module's name"),
        ("shop.__main__:main", "'shop.__main__' is no module's name"),
        ("../shop:f", "'../shop' is no module's name"),
        (".shop:f", "'.shop' is no module's name"),
        ("shop..main:f", "'shop..main' is no module's name"),
    ],
)  # fmt: skip
def test_whatever_else_a_row_names_runs_nothing(shop: Project, name: str, why: str) -> None:
    assert refusal(shop.root, name) == f"No task is called {name} here: {why.format(root=shop.root)}."


def test_a_name_that_is_no_name_is_told_on_one_short_line(shop: Project) -> None:
    assert refusal(shop.root, "a\nb:c") == "No task is called 'a\\nb:c' here: that is no task's name."
    assert len(refusal(shop.root, "x" * 100_000)) < 1000


@pytest.mark.parametrize(("name", "error"), [("shop.broken:f", ModuleNotFoundError), ("shop.quitting:f", SystemExit)])
def test_what_a_module_of_the_application_raises_comes_through(shop: Project, name: str, error: type[BaseException]) -> None:
    with pytest.raises(error):
        Registry(shop.root).find(name)


def test_a_script_may_have_a_name_that_is_no_identifier(shop: Project) -> None:
    shop.write_file("my-app.py", "def work(): return 7\n")
    assert Registry(shop.root).find("my-app:work").function() == 7


def test_without_a_folder_only_registered_tasks_are_found(shop: Project) -> None:
    assert refusal(None, "shop.mails:registered") == (
        "No task is called shop.mails:registered here: it is not registered, and the application's folder is not known."
    )
    registered = shop.load("shop.mails").registered
    assert Registry(None).find("shop.mails:registered") is registered


def test_a_link_out_of_the_application_leads_nowhere(shop: Project) -> None:
    import json

    (shop.root / "inside.py").symlink_to(json.__file__)

    assert refusal(shop.root, "inside:loads") == (
        "No task is called inside:loads here: the module inside is part of Python's standard library."
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(name=st.text() | st.from_regex(r"(shop|os|sys|outer|evil)(\.\w+){0,2}:?[\w.]*", fullmatch=True))
def test_no_name_does_harm(shop: Project, name: str) -> None:
    before = set(sys.modules)

    try:
        found = Registry(shop.root).find(name)
    except TaskUnknown:
        pass
    else:
        assert found.name.startswith(("shop.", "spread."))

    assert {module for module in set(sys.modules) - before if not module.startswith(("shop", "spread"))} == set()
