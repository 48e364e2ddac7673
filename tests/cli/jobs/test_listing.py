"""What a person sees of many jobs."""

import io
import re
from collections.abc import Sequence

import pytest

from afterword.cli.jobs import listing
from afterword.cli.jobs.looking import Page
from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.testing.contract.bench import job

NOW = 1_700_000_000_000_000
FAILED = job(
    id="0199aaaa-0000-7000-8000-00000000beef",
    task="shop.reports:build_the_monthly_report_of_all_shops",
    state=State.FAILED,
    attempt=3,
    retry=Retry(attempts=3),
    added_at=NOW - 200_000_000,
    error=f"it says: {'no ' * 50}",
)
QUEUED = job(id="0199aaaa-0000-7000-8000-00000000cafe", state=State.QUEUED, retry=Retry(attempts=5), added_at=NOW)
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
COUNTS = {state: number for number, state in enumerate(State)} | {State.SUCCEEDED: 1_000_000, State.HANDED_OFF: 0}
HEAD = "sqlite:////srv/jobs.db: 0 held, 1 queued, 2 running, 1,000,000 succeeded, 4 failed, 5 cancelled\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[100])
def terminal(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Terminal:
    """One of so many columns."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def told(jobs: Sequence[Job], stopped_at: Job | None = None, limit: int = 20, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    listing.show(out, "sqlite:////srv/jobs.db", COUNTS, Page(jobs, stopped_at), limit, NOW)
    return _STYLE.sub("", out.getvalue())


def test_where_no_person_looks_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    task, reason = FAILED.task, f"it says: {'no ' * 50}".rstrip()
    assert told([QUEUED, FAILED]) == (
        f"{HEAD}"
        f"id                                    state   {'task':{len(task)}}  attempt  added   last error\n"
        f"0199aaaa-0000-7000-8000-00000000cafe  queued  {'main:send':{len(task)}}  0 of 5   0s ago\n"
        f"0199aaaa-0000-7000-8000-00000000beef  failed  {task}  3 of 3   3m ago  {reason}\n"
    )


@pytest.mark.parametrize("terminal", [140, 300], indirect=True)
def test_a_wide_terminal(terminal: Terminal) -> None:
    lines = told([QUEUED, FAILED], out=terminal).splitlines()
    place = next(number for number, line in enumerate(lines) if FAILED.id in line)
    line, rest = lines[place].split(), lines[place + 1].strip()
    assert line[:2] == [FAILED.id, "failed"]
    assert line[2] + rest == FAILED.task
    assert line[3:11] == ["3", "of", "3", "3m", "ago", "it", "says:", "no"]
    assert line[-1].endswith("…") == (len(max(lines[1:], key=len)) <= 140)


@pytest.mark.parametrize("terminal", [72, 80, 139], indirect=True)
def test_on_a_narrower_one_task_and_reason_stand_below_the_id(terminal: Terminal) -> None:
    lines = [line.rstrip() for line in told([FAILED], out=terminal).splitlines() if line.strip()]
    place = next(number for number, line in enumerate(lines) if FAILED.id in line)
    assert lines[place].split() == [FAILED.id, "failed", "3", "of", "3", "3m", "ago"]
    assert "".join(line.strip() for line in lines[place + 1 : place + 3]) == FAILED.task
    assert lines[place + 3].strip() == f"it says: {'no ' * 50}"[:35] + "…"
    assert all(len(line) <= 80 for line in lines[1:])


@pytest.mark.parametrize("terminal", [20, 71], indirect=True)
def test_on_the_narrowest_the_terminal_breaks_the_lines(terminal: Terminal) -> None:
    assert f"\n{FAILED.id}  failed  {FAILED.task}  3 of 3   3m ago  it says: no" in told([FAILED], out=terminal)


def test_a_full_page_says_how_to_go_on() -> None:
    assert told([QUEUED, FAILED], limit=2).endswith(f"\nOlder ones: --before {FAILED.id}\n")
    assert "--before" not in told([QUEUED, FAILED], limit=3)


def test_no_jobs_are_told_in_words() -> None:
    assert told([]) == f"{HEAD}No such jobs.\n"


def test_a_look_that_was_broken_off_says_so() -> None:
    assert told([], stopped_at=FAILED) == (
        f"{HEAD}Time ran out before all jobs were seen: those after {FAILED.id} are left. Go on with --before {FAILED.id}, or "
        "give it longer, for example --patience 30.\n"
    )


def test_what_would_move_the_cursor_is_told_as_it_is_written() -> None:
    odd = QUEUED._replace(task="main:\x1b[2J", error="\x1b[31mred", state=State.FAILED)
    assert "main:\\x1b[2J  0 of 5   0s ago  \\x1b[31mred\n" in told([odd])


def test_ids_that_others_wrote_too() -> None:
    odd = QUEUED._replace(id="\x1b[2J")
    assert "\x1b" not in told([odd], limit=1)
    assert told([odd], limit=1).endswith("Older ones: --before \\x1b[2J\n")
    assert listing.notes(Page([], odd), 20) == [
        "Time ran out before all jobs were seen: those after \\x1b[2J are left. Go on with --before \\x1b[2J, or give it"
        " longer, for example --patience 30."
    ]


def test_states_that_are_not_made_yet_are_not_told() -> None:
    assert "handed" not in listing.census(COUNTS)
    assert listing.census(COUNTS | {State.HANDED_OFF: 3}).endswith("3 handed_off")
