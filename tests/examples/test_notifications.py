"""The example does with afterword what it does with FastAPI alone, and differs from that in two lines."""

from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.examples.stock import EXAMPLES, stock
from tests.support.processes import wait_until
from tests.system.site import Site

REMINDED = "asked about tea\nreminded ada@example.com\n"


@pytest.mark.process
def test_notes_are_written_by_another_process(site: Site) -> None:
    server = site.serve("notifications:app", "--app-dir", str(EXAMPLES))
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
    client = TestClient(stock("notifications").app)

    answer = client.post("/reminders/ada@example.com", params={"about": "tea"})

    assert answer.json() == {"message": "Reminder about tea is on its way"}
    assert Path("log.txt").read_text() == REMINDED
