"""The parts of the harness that decide something, and one measure as a whole."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from benchmarks import processes
from benchmarks.bench import Bench
from benchmarks.environments import filled_in, spelt
from benchmarks.figures import Figure
from benchmarks.load import Load, parse, percentile
from benchmarks.measures import requests
from benchmarks.measuring import MEASURES, in_order, merge
from benchmarks.processes import Count, Entry
from benchmarks.report import every_subject
from benchmarks.subjects.stock import SUBJECT as STOCK
from tests.support.processes import alive

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([7.0], 99, 7.0), ([1.0, 2.0], 50, 1.0), ([*range(1, 101)], 99, 99), ([*range(1, 102)], 99, 100)],
)
def test_a_percentile_is_a_value_that_occurred(values: list[float], percent: float, expected: float | None) -> None:
    assert percentile(values, percent) == expected


def test_an_answer_is_read_when_it_is_whole() -> None:
    assert all(parse(OK[:cut]) is None for cut in range(len(OK)))
    assert parse(OK) == (200, len(OK))
    assert parse(OK + OK[:5]) == (200, len(OK))


def test_an_answer_without_a_body_needs_no_length() -> None:
    assert parse(b"HTTP/1.1 204 No Content\r\n\r\n") == (204, 27)


def test_an_answer_of_unknown_length_is_refused() -> None:
    with pytest.raises(ValueError, match="content-length"):
        parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_a_load_counts_good_answers_only() -> None:
    assert Load(2.0, [1.0, 2.0, 3.0, 9.0], failed=7).per_second == 2.0


def test_a_renewed_figure_replaces_the_older_one_and_the_points_of_a_curve_stay_together() -> None:
    old = [Figure("A", "x", {"v": 1}), Figure("growth batch", "x", {"n": 1}), Figure("growth batch", "x", {"n": 2})]
    new = [Figure("growth batch", "x", {"n": 3}), Figure("growth batch", "x", {"n": 4}), Figure("A", "y", {"v": 5})]
    assert merge(old, new) == [old[0], *new]
    assert merge(old, []) == old


def test_a_rate_is_that_between_the_first_and_the_last() -> None:
    assert Count(11, 0, 2_000_000_000).per_second == 5.0
    assert Count(1, 7, 7).per_second == Count(0, 0, 0).per_second == 0.0


def test_counters_and_ledger_are_those_that_the_work_writes(tmp_path: Path) -> None:
    work = "from benchmarks import work\nfor n in range({}): work.noop(n)\nwork.rest(5, 0)"
    before = time.monotonic_ns()
    for jobs in (3, 4):
        environment = {"BENCH_FOLDER": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
        processes.run([sys.executable, "-c", work.format(jobs)], tmp_path, environment, 30)
    counted = processes.count(tmp_path)
    assert counted.ran == 7
    assert before < counted.first_ns < counted.last_ns < time.monotonic_ns()
    entries = processes.ledger(tmp_path)
    assert [(entry.number, entry.phase) for entry in entries] == [(5, "start"), (5, "end")] * 2
    assert isinstance(entries[0], Entry)


def test_without_work_nothing_was_counted(tmp_path: Path) -> None:
    (tmp_path / "1.count").touch()
    assert processes.count(tmp_path) == (0, 0, 0)
    assert processes.ledger(tmp_path) == []


def test_variables_of_the_bench_are_filled_in() -> None:
    assert filled_in("--url=$BENCH_REDIS $HOME", {"BENCH_REDIS": "redis://x"}) == "--url=redis://x $HOME"
    assert spelt(["celery", "-b", "$BENCH_X"], Path("/e/bin/python"), {"BENCH_X": "y"}) == ["/e/bin/celery", "-b", "y"]


def test_every_subject_is_in_the_folder_of_its_name_and_afterword_comes_first() -> None:
    subjects = every_subject()
    assert all(subject.name == name for name, subject in subjects.items())
    assert in_order(subjects)[:2] == ["afterword", "stock"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_is_ended_with_all_that_it_has_started(tmp_path: Path, number: signal.Signals) -> None:
    orphan = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)']).pid"
    parent = f"import subprocess, sys, time; print({orphan}, 'up', flush=True); time.sleep(99)"
    process = processes.start([sys.executable, "-c", parent], tmp_path, dict(os.environ), tmp_path / "log")
    assert processes.wait(lambda: "up" in processes.tail(tmp_path / "log"), 30)
    processes.end(process, number)
    assert process.returncode == -number
    left = int(processes.tail(tmp_path / "log").split()[0])
    assert not alive(left)


@pytest.mark.process
def test_requests_are_measured() -> None:
    plan = requests.Plan(rounds=2, seconds=0.3, warm=0.1, connections=4)
    said: list[str] = []
    (figure,) = requests.compete(Bench(say=said.append), [requests.Contestant(requests.NAME, STOCK)], plan)
    assert (figure.measure, figure.subject, figure.note) == ("A requests", "stock", "")
    values = figure.values
    rate, half, most, spent = (values[name] for name in ("requests/s", "p50 ms", "p99 ms", "CPU us"))
    assert rate and half and most and spent is not None
    assert rate > 10
    assert 0 < half <= most < 5000
    assert len(said) == 2


def test_every_measure_has_a_name_of_its_own() -> None:
    assert len(set(MEASURES.values())) == len(MEASURES)
