"""The example does with afterword what it does with FastAPI alone, and differs from that in two lines."""

from pathlib import Path
from types import ModuleType

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.support.processes import wait_until
from tests.system.site import Site

EXAMPLE = Path(__file__).parents[2] / "examples" / "notifications.py"

REMINDED = "asked about tea\nreminded ada@example.com\n"


@pytest.mark.process
def test_notes_are_written_by_another_process(site: Site) -> None:
    server = site.serve("notifications:app", "--app-dir", str(EXAMPLE.parent))
    log = site.folder / "log.txt"

    answer = httpx.post(f"{server.address}/notifications/ada@example.com")
    assert answer.json() == {"message": "Notification is on its way"}
    notification = "notification for ada@example.com: you have news\n"
    wait_until(lambda: log.exists() and log.read_text() == notification, "the notification")

    answer = httpx.post(f"{server.address}/reminders/ada@example.com", params={"about": "tea"})
    assert answer.json() == {"message": "Reminder about tea is on its way"}
    wait_until(lambda: log.read_text() == notification + REMINDED, "the reminder")


def test_without_its_two_lines_it_is_plain_fastapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    theirs, ours = stock(EXAMPLE.read_text())
    assert len(ours) == 2

    module = ModuleType("stock_notifications")
    exec(compile(theirs, "stock_notifications.py", "exec"), module.__dict__)
    client = TestClient(module.app)

    answer = client.post("/reminders/ada@example.com", params={"about": "tea"})
    assert answer.json() == {"message": "Reminder about tea is on its way"}
    assert Path("log.txt").read_text() == REMINDED


def stock(source: str) -> tuple[str, list[str]]:
    """The example as it would be with FastAPI alone, and the lines that are not in it any more."""
    instead = {"from afterword import Afterword, BackgroundTasks": "from fastapi import BackgroundTasks", "Afterword(app)": ""}
    lines = source.splitlines()
    return "\n".join(instead.get(line, line) for line in lines), [line for line in lines if line in instead]
