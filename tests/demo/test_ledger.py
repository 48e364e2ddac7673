"""What the demo reads while others write it."""

import smtplib
from email.message import EmailMessage
from pathlib import Path

from afterword.demo import ledger, mailbox
from afterword.demo.ledger import Entry


def test_a_line_that_is_half_written_is_left_for_later(tmp_path: Path) -> None:
    assert ledger.read(tmp_path) == []
    (tmp_path / "ledger.txt").write_text("mail 1 20\nimage 2 21\nmail 3")

    assert ledger.read(tmp_path) == [Entry("mail", 1, 20), Entry("image", 2, 21)]


def test_what_can_be_seen_of_the_work(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    for name in ("1.jpg", "2.part"):
        (tmp_path / "small" / name).touch()
    (tmp_path / "log.txt").write_text("customer 3 was welcomed\ncustomer 4 was wel")

    assert ledger.effects(tmp_path, ["5@example.com", "5@example.com"]) == [
        ("image", 1),
        ("mail", 5),
        ("mail", 5),
        ("notification", 3),
    ]


def test_the_mailbox_knows_each_mail_that_arrived() -> None:
    with mailbox.mail_server() as received:
        with smtplib.SMTP("127.0.0.1", received.port, local_hostname="localhost", timeout=10) as client:
            for number in (1, 2):
                mail = EmailMessage()
                mail["From"], mail["To"] = "demo@example.com", f"{number}@example.com"
                client.send_message(mail)
        hung_up = smtplib.SMTP("127.0.0.1", received.port, local_hostname="localhost", timeout=10)
        hung_up.ehlo()
        hung_up.close()

    assert received.recipients == ["1@example.com", "2@example.com"]
