"""Each new user gets a real mail from a real server, even from one that was away."""

import email
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from afterword.jobs.job import Job
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Query
from tests.examples.stock import EXAMPLES
from tests.support.processes import PATIENCE, free_port, wait_until
from tests.system.site import Server, Site

pytestmark = pytest.mark.process

ADA = {"name": "Ada Lovelace", "email": "ada@example.com"}


class Mailbox:
    """What a server received: to whom, and what."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append((envelope.rcpt_tos, message))
        return "250 OK"


def test_a_user_is_welcomed(site: Site) -> None:
    port = free_port()
    with mail_server(port) as mailbox:
        answer = httpx.post(f"{serve(site, port).address}/users", json=ADA)

        assert (answer.status_code, answer.json()) == (201, ADA)
        wait_until(lambda: bool(mailbox.mails), "the mail")
    [(recipients, message)] = mailbox.mails
    assert recipients == ["ada@example.com"]
    assert (message["From"], message["To"]) == ("welcome@example.com", "Ada Lovelace <ada@example.com>")
    assert message["Subject"] == "Welcome, Ada Lovelace"
    assert "it is good to have you with us" in message.get_content()


def test_a_user_is_welcomed_by_a_server_that_was_away(site: Site) -> None:
    port = free_port()
    server = serve(site, port)

    httpx.post(f"{server.address}/users", json=ADA).raise_for_status()
    wait_until(lambda: "ConnectionRefusedError" in server.log.read_text(), "an attempt in vain")
    with mail_server(port) as mailbox:
        wait_until(lambda: bool(mailbox.mails), "the mail")

    with site.store() as store:
        wait_until(lambda: all(job.state.finished for job in find(store)), "the end of the job")
        [job] = find(store)
    assert job.state.word == "succeeded"
    assert job.attempt > 1
    assert [recipients for recipients, _ in mailbox.mails] == [["ada@example.com"]]


def test_what_cannot_be_an_address_is_refused_at_once(site: Site) -> None:
    server = serve(site, free_port())

    for wrong in ({"email": "ada"}, {"name": "Ada\nBcc: all@example.com"}):
        assert httpx.post(f"{server.address}/users", json=ADA | wrong).status_code == 422


def serve(site: Site, port: int) -> Server:
    options = ("--app-dir", str(EXAMPLES))
    return site.serve("welcome_mail:app", *options, SMTP_HOST="127.0.0.1", SMTP_PORT=str(port), SMTP_RETRY_DELAY="0.1")


def find(store: SqliteStore) -> Sequence[Job]:
    return store.find(Query()).result(PATIENCE)


@contextmanager
def mail_server(port: int) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
