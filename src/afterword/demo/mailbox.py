"""A real SMTP server on this machine, which keeps no more of a mail than to whom it went."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

DISTANCE = 0.3
"""Seconds until a mail is taken, as by a server that is not on this machine."""


class Mailbox:
    def __init__(self) -> None:
        self.recipients: list[str] = []
        """Of each mail that arrived."""
        self.port = 0

    # Called by the server, under these names.

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """When a client has said for whom its mail is."""
        await asyncio.sleep(DISTANCE)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """When a mail has arrived."""
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Listens on a free port of 127.0.0.1, on a thread of its own."""
    mailbox = Mailbox()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_unless_killed)
    # With a name of its own it need not ask the network for one.
    opening = loop.create_server(lambda: SMTP(mailbox, hostname="localhost", loop=loop), "127.0.0.1", 0)
    server = loop.run_until_complete(opening)
    mailbox.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="smtp", daemon=True)
    thread.start()
    try:
        yield mailbox
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):  # Of clients that were killed.
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def _unless_killed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say what went wrong, but not that a client was killed."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)
