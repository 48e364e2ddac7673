"""What is handed to add_task, and why it may not run in another process."""

import functools
import inspect
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import httpx
import pytest

from afterword.errors import TaskRefused
from afterword.tasks.origin import guarded
from afterword.tasks.registry import Registry, task
from afterword.tasks.task import Task
from tests.tasks.conftest import Project

HERE = Path(__file__)
ROOT = HERE.parents[2]


def plain(x: int) -> int:
    return x + 1


def rows() -> Iterator[int]:
    yield 1


async def pages() -> AsyncIterator[int]:
    yield 1


class Mailer:
    def send(self) -> None: ...

    @classmethod
    def all(cls) -> None: ...

    @staticmethod
    def now(x: int) -> int:
        return x

    def __call__(self) -> None: ...


def outer() -> Callable[[], None]:
    def inner() -> None: ...

    return inner


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


def hasty(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


@logged
def well_wrapped() -> None: ...


@hasty
def badly_wrapped() -> None: ...


shadowed: Any = plain
unnamed = lambda: None  # noqa: E731


def line(function: Any) -> int:
    return int(inspect.unwrap(function).__code__.co_firstlineno)


def test_a_task_is_its_own_task(project: Project) -> None:
    made = task(plain)

    assert Registry(None).of(made) is made


def test_a_plain_function_is_a_task_once(project: Project) -> None:
    registry = Registry(ROOT)

    assert registry.of(plain) is registry.of(plain)
    assert registry.of(plain).name == f"{__name__}:plain"
    assert registry.of(Mailer.now).name == f"{__name__}:Mailer.now"
    assert registry.of(well_wrapped).name == f"{__name__}:well_wrapped"
    assert registry.of(shadowed).name == f"{__name__}:plain"


def test_the_name_that_of_gives_is_the_one_that_find_finds(project: Project) -> None:
    project.write_file("shop/__init__.py")
    project.write(
        shop__mails="def send(): ...\nclass Mailer:\n    class Inner:\n        @staticmethod\n        def send(): ...\n"
    )
    mails = project.load("shop.mails")

    for function in (mails.send, mails.Mailer.Inner.send):
        name = Registry(project.root).of(function).name
        assert Registry(project.root).find(name).function is function


def refusal(function: Any, root: Path | None = ROOT) -> str:
    with pytest.raises(TaskRefused) as refused:
        Registry(root).of(function)
    return str(refused.value)


def at(function: Any, name: str) -> str:
    return f"{__name__}:{name} ({HERE.name}, line {line(function)})"


MOVE = "Move it to module level, and pass what it uses as arguments."
REGISTER = "Register it with @task, or call it in a function of your own."
REFUSED: list[tuple[str, Callable[[], Any], Callable[[], str]]] = [
    (
        "lambda",
        lambda: unnamed,
        lambda: (
            f"The lambda in {HERE.name}, line {line(unnamed)} cannot run in another process: it has no name to be found by."
            " Write it as a function at module level, and pass what it uses as arguments."
        ),
    ),
    (
        "nested",
        outer,
        lambda: (
            f"{at(outer(), 'outer.<locals>.inner')} cannot run in another process: it is made inside a function, where no"
            f" other process can find it. {MOVE}"
        ),
    ),
    (
        "bound method",
        lambda: Mailer().send,
        lambda: (
            f"{at(Mailer.send, 'Mailer.send')} cannot run in another process: it is bound to an object of {__name__}.Mailer,"
            " which stays in this process. Write a function at module level that takes the object's id, and pass that."
        ),
    ),
    (
        "class method",
        lambda: Mailer.all,
        lambda: (
            f"{at(Mailer.all, 'Mailer.all')} cannot run in another process: it is a class method. Make it a static method,"
            " or a function at module level."
        ),
    ),
    (
        "partial",
        lambda: functools.partial(plain, 1),
        lambda: (
            f"functools.partial of {at(plain, 'plain')} cannot run in another process: it is an object without a name."
            " Pass the function and its arguments: add_task(plain, ...)."
        ),
    ),
    (
        "callable object",
        Mailer,
        lambda: (
            f"An object of {__name__}.Mailer cannot run in another process: it is an object, which stays in this process."
            " Write a function at module level that makes the object and calls it."
        ),
    ),
    (
        "class",
        lambda: Mailer,
        lambda: (
            f"The class {__name__}:Mailer cannot run in another process: a task is a function. Pass a function that makes"
            " the object."
        ),
    ),
    (
        "builtin",
        lambda: print,
        lambda: (
            "The built-in print cannot run in another process: it is none of the application's own."
            " Call it in a function of your own."
        ),
    ),
    (
        "builtin method",
        lambda: [].append,
        lambda: (
            "The built-in list.append cannot run in another process: it is none of the application's own."
            " Call it in a function of your own."
        ),
    ),
    (
        "builtin of a module",
        lambda: time.sleep,
        lambda: (
            "The built-in time.sleep cannot run in another process: it is none of the application's own."
            " Call it in a function of your own."
        ),
    ),
    (
        "nothing",
        lambda: None,
        lambda: (
            "None cannot run in another process: it is no function."
            " If a function was called there, leave out its brackets: add_task(send, ...), not add_task(send(...))."
        ),
    ),
    (
        "generator function",
        lambda: rows,
        lambda: (
            f"{at(rows, 'rows')} cannot run in another process: it is a generator function, whose body runs only when"
            " somebody reads from it. Pass a function that does the work and returns."
        ),
    ),
    (
        "async generator function",
        lambda: pages,
        lambda: (
            f"{at(pages, 'pages')} cannot run in another process: it is a generator function, whose body runs only when"
            " somebody reads from it. Pass a function that does the work and returns."
        ),
    ),
    (
        "standard library",
        lambda: subprocess.run,
        lambda: (
            f"subprocess:run (subprocess.py, line {line(subprocess.run)}) cannot run in another process:"
            f" its module is part of Python's standard library. {REGISTER}"
        ),
    ),
    (
        "installed package",
        lambda: httpx.get,
        lambda: (
            f"httpx:get ({Path(inspect.getfile(httpx.get)).name}, line {line(httpx.get)}) cannot run in another process:"
            f" its module is an installed package ({Path(httpx.__file__).resolve()}). {REGISTER}"
        ),
    ),
    (
        "wrapped without wraps",
        lambda: badly_wrapped,
        lambda: (
            f"{at(badly_wrapped, 'hasty.<locals>.wrapper')} cannot run in another process: it is made inside a function,"
            f" where no other process can find it. {MOVE}"
        ),
    ),
    (
        "what was wrapped",
        lambda: inspect.unwrap(well_wrapped),
        lambda: (
            f"{at(well_wrapped, 'well_wrapped')} cannot run in another process: its name {__name__}:well_wrapped leads to"
            f" something else (a decorator without functools.wraps makes that). {REGISTER}"
        ),
    ),
]


@pytest.mark.parametrize(("make", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_no_other_process_can_find(make: Callable[[], Any], sentence: Callable[[], str]) -> None:
    assert refusal(make()) == sentence()


async def test_a_coroutine_in_place_of_its_function() -> None:
    async def send() -> None: ...

    coroutine = send()
    try:
        assert refusal(coroutine) == (
            "`send(...)` cannot run in another process: it was called already. Leave out its brackets: add_task(send, ...)."
        )
    finally:
        coroutine.close()


def test_a_function_outside_the_application(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    project.write_file("../elsewhere/lib.py", "from afterword.tasks.registry import task\ndef f(): ...\n@task\ndef g(): ...\n")
    sys.path.append(str(elsewhere))
    lib = project.load("lib")

    assert refusal(lib.f, project.root) == (
        f"lib:f (lib.py, line 2) cannot run in another process: its module lies outside the application's folder {project.root}"
        f" ({elsewhere / 'lib.py'}). {REGISTER}"
    )
    assert Registry(project.root).of(lib.g) is lib.g


def test_a_virtual_environment_inside_the_application_is_not_the_application(project: Project) -> None:
    packages = ".venv/lib/python3.11/site-packages"
    project.write_file(f"{packages}/lib.py", "def f(): ...\n")
    sys.path.append(str(project.root / packages))
    lib = project.load("lib")

    assert refusal(lib.f, project.root) == (
        "lib:f (lib.py, line 1) cannot run in another process: its module is an installed package"
        f" ({project.root / packages / 'lib.py'}). {REGISTER}"
    )


def test_a_link_to_the_application_is_the_application(project: Project, tmp_path: Path) -> None:
    project.write(mails="def send(): ...\n")
    link = tmp_path / "link"
    link.symlink_to(project.root)

    assert Registry(link).of(project.load("mails").send).name == "mails:send"


def test_without_a_folder_only_registered_functions_run(project: Project) -> None:
    assert refusal(plain, None) == (
        f"{at(plain, 'plain')} cannot run in another process: the application's folder is not known. {REGISTER}"
    )


def test_a_function_that_was_replaced(project: Project) -> None:
    project.write(mails="def send(): ...\nold = send\ndef send(): ...\n")

    assert refusal(project.load("mails").old, project.root) == (
        "mails:send (mails.py, line 1) cannot run in another process: its name mails:send leads to something else"
        f" (a decorator without functools.wraps makes that). {REGISTER}"
    )


def test_a_function_without_a_module(project: Project) -> None:
    space: dict[str, Any] = {"__name__": "nowhere"}
    exec("def f(): ...", space)

    assert "its name nowhere:f leads to something else" in refusal(space["f"])


def test_the_script_that_was_started_has_its_real_name(project: Project) -> None:
    script = """
from pathlib import Path
from afterword.tasks.registry import Registry, task
def send(): ...
@task
def registered(): ...
print(Registry(Path(__file__).parent).of(send).name, registered.name)
"""
    file = project.write_file("main.py", script)
    project.write_file("package/__init__.py")
    project.write_file("package/inner.py", script)

    def run(*command: str) -> str:
        done = subprocess.run([sys.executable, *command], cwd=project.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert run(str(file)) == "main:send main:registered"
    assert run("main.py") == "main:send main:registered"
    assert run("-m", "main") == "main:send main:registered"
    assert run("-m", "package.inner") == "package.inner:send package.inner:registered"


def test_a_session_without_a_file_is_told() -> None:
    code = """
from pathlib import Path
from afterword.tasks.registry import Registry
def send(): ...
try:
    Registry(Path.cwd()).of(send)
except TypeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "__main__:send" in done.stdout
    assert "its module has no file that another process could import" in done.stdout


def test_a_function_that_only_the_script_has(project: Project) -> None:
    file = project.write_file(
        "main.py",
        """
from pathlib import Path
from afterword.errors import TaskRefused
from afterword.tasks.registry import Registry, task

def above(): ...

if __name__ == "__main__":
    def below(): ...
    registry = Registry(Path(__file__).parent)
    print(registry.of(above).name)
    try:
        registry.of(below)
    except TaskRefused as refused:
        print(refused)
    try:
        task(name="below")(below)
    except TaskRefused as refused:
        print(refused)
""",
    )

    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True)

    sentence = (
        'main:below (main.py, line 9) cannot run in another process: it is made below `if __name__ == "__main__":`, which no'
        " other process enters. Move it above that line."
    )
    assert done.stdout.splitlines() == ["main:above", sentence, sentence]


def test_a_name_is_guarded_where_all_that_binds_it_is(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(
        'import a\nif __name__ == "__main__":\n    import a, b.c as d\n    x: int = 1\n    def f(): ...\n    def g(): ...\n'
        "else:\n    def g(): ...\n"
    )

    assert [name for name in ("a", "d", "x", "f", "g", "h") if guarded(str(file), name)] == ["d", "x", "f"]
    assert not guarded(None, "f")
    assert not guarded(str(tmp_path / "nothing.py"), "f")


def test_a_mock_of_a_task_is_none() -> None:
    with pytest.raises(TaskRefused):
        Registry(ROOT).of(create_autospec(Task(plain, "mocked"), instance=True))
