"""What became of a job, decided from what was found."""

from typing import Any

import pytest

from afterword.handoff.celery.receipt import Receipt
from afterword.handoff.celery.sightings import INSTALL, LOST_RESULT, Meta, Search, after_search, at_first_sight
from afterword.handoff.engine import Gone, Handed, Sighting, Underway
from afterword.handoff.envelope import Answer, Idle, write_answer
from afterword.handoff.marks import Mark
from afterword.jobs.outcome import Cancelled, Crashed, Failed, Succeeded

OURS = Handed("id", 2, False, "", 0)
THEIRS = OURS._replace(foreign=True)
DONE = Answer(2, Succeeded(b"42"), "w@host")
FAILED = Answer(2, Failed("no", retry=False), "w@host")


def failure(kind: str, *words: str, traceback: str | None = None) -> Meta:
    return Meta("FAILURE", {"exc_type": kind, "exc_message": [*words], "exc_module": "some"}, traceback)


@pytest.mark.parametrize(
    ("mark", "meta", "sighting"),
    [
        (Mark(), Meta(), None),
        (Mark(begun=2, answer=DONE), Meta(), Succeeded(b"42")),
        (Mark(begun=2, answer=DONE), failure("WorkerLostError", "late"), Succeeded(b"42")),
        (Mark(begun=2, answer=FAILED), Meta(), Failed("no", retry=False)),
        (Mark(begun=2, answer=FAILED, cancelled=2), Meta(), Cancelled("cancelled while it ran")),
        (Mark(begun=2, answer=DONE, cancelled=2), Meta(), Succeeded(b"42")),
        (Mark(begun=1, answer=DONE._replace(token=1)), Meta(), Succeeded(b"42")),
        (Mark(begun=1, answer=DONE._replace(token=1), cancelled=1), Meta(), None),
        (Mark(begun=2, by="w@host", alive=True), Meta(), Underway(True, "w@host")),
        (Mark(begun=2, by="w@host"), Meta(), None),
        (Mark(cancelled=2), Meta(), Cancelled("cancelled before it started")),
        (Mark(offered=3), Meta(), Gone("a later hand-off of it has taken its place")),
        (Mark(), Meta("SUCCESS", write_answer(DONE)), Succeeded(b"42")),
        (Mark(), Meta("SUCCESS", write_answer(DONE._replace(token=1))), None),
        (Mark(), Meta("SUCCESS", write_answer(Answer(2, Idle("old"), "w"))), None),
        (Mark(), Meta("REVOKED"), Cancelled("revoked in Celery")),
        (
            Mark(begun=2, alive=True),
            failure("WorkerLostError", "exit 9"),
            Crashed("its Celery process died: WorkerLostError: exit 9", alone=True),
        ),
        (Mark(begun=2, cancelled=2, alive=True), failure("Terminated", "15"), Cancelled("revoked in Celery")),
        (
            Mark(begun=2),
            failure("TimeLimitExceeded", "3.0"),
            Failed("it took longer than its time limit, and Celery ended it: TimeLimitExceeded: 3.0", retry=True),
        ),
        (Mark(), failure("NotRegistered", "afterword.attempt"), Failed(INSTALL, retry=True)),
        (Mark(), failure("OSError", "disk", traceback="Traceback"), Failed("Traceback", retry=True)),
        (Mark(), Meta("FAILURE", "no dictionary"), Failed("no dictionary", retry=True)),
    ],
)
def test_ours_at_first_sight(mark: Mark, meta: Meta, sighting: Sighting | None) -> None:
    assert at_first_sight(OURS, mark, meta) == sighting


@pytest.mark.parametrize(
    ("meta", "sighting"),
    [
        (Meta(), None),
        (Meta("STARTED"), None),
        (Meta("RETRY"), None),
        (Meta("SUCCESS", {"a": [1]}), Succeeded(b'{"a":[1]}')),
        (Meta("SUCCESS", object()), Succeeded(None)),
        (failure("ValueError", "no"), Failed("ValueError: no", retry=False)),
        (failure("WorkerLostError", "exit 9"), Failed("WorkerLostError: exit 9", retry=False)),
        (Meta("FAILURE", ValueError("no")), Failed("ValueError: no", retry=False)),
        (Meta("REVOKED"), Cancelled("revoked in Celery")),
        (Meta("REJECTED"), Failed("Celery's worker rejected it", retry=False)),
    ],
)
def test_theirs_at_first_sight(meta: Meta, sighting: Sighting | None) -> None:
    assert at_first_sight(THEIRS, Mark(), meta) == sighting


NOWHERE = Search({}, frozenset(), thorough=True, workers=1, broker="now", marks="now")
HELD = NOWHERE._replace(held={"id"})
HERE = Receipt("id", "celery", "now", "now")
RESTARTED = "the broker was restarted, and has it no more"
UNMARKED = "no queue of the broker and no Celery worker has it, and there is no mark of its beginning"


@pytest.mark.parametrize(
    ("handed", "receipt", "mark", "meta", "search", "sighting"),
    [
        (OURS, HERE, Mark(), Meta(), NOWHERE._replace(found={"id": Underway(True, "w")}), Underway(True, "w")),
        (OURS, HERE, Mark(), Meta(), NOWHERE._replace(thorough=False), Underway(False)),
        (OURS, HERE, Mark(begun=2, by="w"), Meta(), NOWHERE._replace(thorough=False), Underway(True, "w")),
        (OURS, HERE, Mark(begun=2, by="w"), Meta(), NOWHERE, Crashed("its Celery worker w died while it ran", alone=True)),
        (OURS, HERE, Mark(begun=2, by="w"), Meta(), HELD, Crashed("its Celery worker w died while it ran", alone=True)),
        (OURS, HERE, Mark(), Meta(), HELD, Gone("the Celery worker that had fetched it has died")),
        (OURS, HERE, Mark(), Meta(), HELD._replace(thorough=False), Underway(False)),
        (THEIRS, HERE, Mark(), Meta("STARTED"), HELD._replace(broker="later"), Underway(True)),
        (OURS, HERE, Mark(), Meta(), NOWHERE, Gone(UNMARKED)),
        (OURS, HERE, Mark(), Meta(), NOWHERE._replace(marks="later"), Gone(UNMARKED, started=True)),
        (OURS, HERE, Mark(), Meta(), NOWHERE._replace(broker="later"), Gone(RESTARTED)),
        (OURS, HERE._replace(broker=None), Mark(), Meta(), NOWHERE, Gone(UNMARKED)),
        (THEIRS, HERE, Mark(), Meta(), NOWHERE._replace(broker="later", marks="later"), Gone(RESTARTED)),
        (THEIRS, HERE, Mark(cancelled=2), Meta(), NOWHERE, Cancelled("taken out of Celery before it had ended")),
        (THEIRS, HERE, Mark(), Meta(), NOWHERE, Failed(LOST_RESULT, retry=False)),
        (THEIRS, HERE, Mark(), Meta(), NOWHERE._replace(workers=0), Underway(False)),
        (THEIRS, HERE._replace(ignored=True), Mark(), Meta(), NOWHERE, Succeeded()),
        (
            THEIRS,
            HERE,
            Mark(),
            Meta("STARTED"),
            NOWHERE,
            Failed("its Celery worker died: it was last seen as STARTED, and no worker has it now", retry=False),
        ),
        (
            THEIRS,
            HERE,
            Mark(),
            Meta("RETRY"),
            NOWHERE,
            Failed(
                "its Celery worker died, or Celery wrote an older state over its result: "
                "it was last seen as RETRY, and no worker has it now",
                retry=False,
            ),
        ),
    ],
)
def test_after_a_search(handed: Handed, receipt: Receipt, mark: Mark, meta: Meta, search: Search, sighting: Any) -> None:
    assert after_search(handed, receipt, mark, meta, search) == sighting


def test_a_receipt_comes_out_as_it_went_in() -> None:
    receipt = Receipt("id", None, "run", None, ignored=True)

    assert Receipt.load(receipt.dump()) == receipt


def test_the_words_of_the_ends_that_tell_what_to_do() -> None:
    assert INSTALL == (
        "Celery's worker does not know afterword: call afterword.handoff.celery.install(celery_app) in the module that "
        "`celery -A` loads, and start the worker again"
    )
    assert LOST_RESULT == (
        "Celery has it no more, and no result of it: its worker died while it ran, or its result was deleted or has expired "
        "(result_expires); whether it ran to its end is not known"
    )
