"""What is made of what was found, also where no test can bring it about."""

from typing import Any

import pytest

from afterword.handoff.engine import Gone, Handed, Sighting, Underway
from afterword.handoff.envelope import Answer, Idle
from afterword.handoff.marks import Mark
from afterword.handoff.rq.receipt import Receipt
from afterword.handoff.rq.records import Record, Server
from afterword.handoff.rq.sightings import (
    BEFORE,
    DELETED,
    DELETED_WHILE_IT_RAN,
    GIVEN_UP,
    NO_ANSWER,
    NO_RESULT,
    REPLACED,
    STUCK,
    sight,
)
from afterword.jobs.outcome import Cancelled, Crashed, Failed, Succeeded

HERE = Server("r1", 1000.0, 2000.0)
ELSEWHERE = Server("r2", 1000.0, 2000.0)
FRESH = Server("r2", 3.0, 2000.0)

DONE = Answer(5, Succeeded(b"1"), "w")
IDLE = Answer(5, Idle("why"), "w")
RUNS = Mark(offered=5, begun=5, by="w", alive=True)
DIED = Mark(offered=5, begun=5, by="w")
ENDED = Mark(offered=5, begun=5, by="w", answer=DONE)
WAITS = Mark(offered=5)


def seen(
    record: Record | None, mark: Mark, server: Server = HERE, foreign: bool = False, since: int = 1_999_000_000
) -> Sighting:
    handed = Handed("id", 5, foreign, "", since)
    return sight(handed, Receipt(5, "r1"), record, mark, server, 30.0)


def of(status: str, token: int = 5, **fields: Any) -> Record:
    return Record(status, token=token, by="w")._replace(**fields)


@pytest.mark.parametrize(
    ("record", "mark", "expected"),
    [
        (of("queued"), WAITS, Underway(False)),
        (of("scheduled"), WAITS, Underway(False)),
        (of("started"), WAITS, Underway(False)),
        (of("started"), RUNS, Underway(True, "w")),
        (of("started", dead=True), RUNS, Underway(True, "w")),
        (of("started", dead=True), WAITS, Crashed("its RQ worker w died while it ran", alone=True)),
        (of("started"), DIED, Crashed("its RQ worker w died while it ran", alone=True)),
        # RQ has not written it down yet, or never will.
        (of("started"), ENDED, Underway(True, "w")),
        (of("started", dead=True), ENDED, Succeeded(b"1")),
        (of("finished", answer=DONE), Mark(), Succeeded(b"1")),
        (of("finished", answer=IDLE), ENDED, Succeeded(b"1")),
        (of("finished", answer=IDLE), RUNS, Underway(True, "w")),
        (of("finished", answer=IDLE), DIED, Crashed("the process that began it died", alone=True)),
        (of("finished", answer=IDLE), Mark(offered=5, cancelled=5), BEFORE),
        (of("finished", answer=IDLE), Mark(offered=6), REPLACED),
        (of("finished", answer=Answer(4, Succeeded(), "w")), WAITS, Gone("RQ ran an earlier hand-off in its place")),
        (of("finished"), WAITS, Failed(NO_ANSWER, retry=False)),
        (of("finished"), Mark(offered=5, begun=4, answer=Answer(4, Succeeded(b"0"), "w")), Succeeded(b"0")),
        (of("canceled"), WAITS, Cancelled("cancelled in RQ")),
        (of("canceled"), RUNS, Underway(True, "w")),
        (of("stopped"), DIED, Cancelled("stopped in RQ while it ran")),
        (of("stopped"), ENDED, Succeeded(b"1")),
        (of("failed"), DIED, Crashed(f"its RQ worker w died: {GIVEN_UP}", alone=True)),
        (
            of("failed", error="rq.timeouts.JobTimeoutException: Task exceeded"),
            Mark(offered=5, begun=4, alive=True),
            Gone("it waited there for an earlier attempt until RQ gave up"),
        ),
        (of("failed", error="Job was stuck in intermediate queue."), WAITS, STUCK),
        (of("failed", error="Traceback ..."), WAITS, Failed("Traceback ...", retry=True)),
        (None, ENDED, Succeeded(b"1")),
        (None, RUNS, Underway(True, "w")),
        (None, WAITS, Failed(DELETED, retry=False)),
        (None, DIED, Failed(DELETED_WHILE_IT_RAN, retry=False)),
        (None, Mark(offered=5, cancelled=5), BEFORE),
        (None, Mark(offered=6), REPLACED),
        (None, Mark(), Gone("its Redis was emptied: even the note that it was handed off is gone")),
        (of("queued", token=4), WAITS, Gone("an earlier hand-off of it stands in its place")),
        (of("queued", token=6), WAITS, REPLACED),
    ],
)
def test_one_of_ours(record: Record | None, mark: Mark, expected: Sighting) -> None:
    assert seen(record, mark) == expected


@pytest.mark.parametrize(
    ("record", "mark", "expected"),
    [
        (of("queued"), WAITS, Underway(False)),
        (of("started"), WAITS, Underway(True, "w")),
        (of("finished", result=b"2"), WAITS, Succeeded(b"2")),
        (of("failed", error="no"), WAITS, Failed("no", retry=False)),
        (of("failed", error="Job was stuck in intermediate queue."), WAITS, STUCK),
        (of("failed"), WAITS, Failed(GIVEN_UP, retry=False)),
        (of("canceled"), WAITS, Cancelled("cancelled in RQ")),
        (of("canceled"), Mark(offered=5, cancelled=5), BEFORE),
        (of("stopped"), WAITS, Cancelled("stopped in RQ while it ran")),
        (None, WAITS, Failed(NO_RESULT, retry=False)),
    ],
)
def test_one_of_theirs(record: Record | None, mark: Mark, expected: Sighting) -> None:
    assert seen(record, mark, foreign=True) == expected


@pytest.mark.parametrize("foreign", [False, True])
def test_after_a_restart_what_is_not_there_is_gone(foreign: bool) -> None:
    assert seen(None, Mark(), ELSEWHERE, foreign) == Gone("its Redis was restarted, and has it no more")
    assert seen(of("queued"), WAITS, ELSEWHERE, foreign) == Underway(False)


def test_shortly_after_a_restart_it_may_run_unheard_of() -> None:
    assert seen(None, Mark(), FRESH) == Underway(False)
    assert seen(of("started"), DIED, FRESH) == Underway(False)


def test_a_server_that_tells_no_number_was_not_restarted() -> None:
    assert seen(None, WAITS, Server(None, 1000.0, 2000.0)) == Failed(DELETED, retry=False)


def test_that_a_note_is_gone_is_no_evidence_when_it_has_expired() -> None:
    assert seen(None, Mark(), since=1_999_000_000 - 8 * 86_400_000_000) == Failed(DELETED, retry=False)
