"""What is written of figures, for which goals it stands, and when a quick run complains."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import machine, report
from benchmarks.curves import curves
from benchmarks.figures import Figure
from benchmarks.goals import GOALS, OURS, SAMPLE, Against, Goal, judge
from benchmarks.layout import LAYOUTS
from benchmarks.page import page
from benchmarks.ratios import LIMITS, RATIOS, changes
from benchmarks.subject import Subject
from benchmarks.tables import found, got, number, tables, verdict

Values = Mapping[str, float | None]

SUBJECTS = {
    name: Subject(name, title, durable=durable, notes=notes, workers=workers, requirements=requirements)
    for name, title, durable, notes, workers, requirements in (
        (OURS, "afterword 1", "fsync", "As it is.", [["afterword", "worker"]], []),
        ("stock", "FastAPI, async", "memory", "In the API.", [], []),
        ("stock_sync", "FastAPI, sample", "memory", "", [], []),
        ("no_task", "FastAPI, no task", "nothing", "", [], []),
        ("peer", "Peer 2 | Redis", "memory", "Two workers.", [["peer", "run"], ["peer", "run"]], ["peer==2", "redis==8"]),
    )
}


def figure(measure: str, subject: str, values: Values, note: str = "") -> Figure:
    return Figure(measure, subject, values, "2026-11-28T10:00:00+00:00", note)


CLAIMED = {"SQLite claimed and deleted rows/s": 64000.0, "PostgreSQL rows/s": None}

FIGURES = [
    figure("A requests", OURS, {"requests/s": 2800.0, "p50 ms": 11.25, "p99 ms": 28.4, "CPU us": 312.4}),
    figure("A requests", "peer", {}, "could not be measured: no\nserver"),
    figure("A requests", "stock", {"requests/s": 3500.0, "p50 ms": 9.1, "p99 ms": 14.0, "CPU us": 270.0}),
    figure("A requests", "no_task", {"requests/s": 4550.0, "p50 ms": 7.0, "p99 ms": 12.0, "CPU us": 210.0}),
    figure(SAMPLE, OURS, {"requests/s": 2700.0}),
    figure(SAMPLE, "stock_sync", {"requests/s": 1500.0}),
    figure("B bulk", OURS, {"jobs/s": 48000.0, "jobs": 50000.0}),
    figure("C drain", "peer", {"jobs/s": 400.0}),
    figure("C drain", OURS, {"jobs/s": 16000.0}),
    figure("C drain of functions", OURS, {"jobs/s": 8000.0}),
    figure("D latency", OURS, {"p50 ms": 2.5, "p99 ms": 7.9}),
    figure("F crash", "peer", {"lost": 10.0, "orphans": 4.0, "orphans s": None}, "4 of 4 orphans not ended after 60 s"),
    figure("F crash", OURS, {"lost": 0.0, "orphans": 2.0, "orphans s": 0.61, "finished twice": 0.0, "started twice": 2.0}),
    figure(
        "G backlog", OURS, {"jobs/s at 1000": 9000.0, "jobs/s at few": 12000.0, "jobs/s at 1000000": 11760.0, "ratio": 0.98}
    ),
    figure(LIMITS, "", {"SQLite commits/s": 2000.0, "SQLite rows/s by 1000": 192000.0, **CLAIMED}, "no PostgreSQL"),
    *(figure("growth batch", OURS, {"jobs added together": x, "jobs/s": 100 * x}) for x in (1, 100, 10)),
]


def section(text: str, heading: str) -> list[str]:
    """The lines below the heading, without empty ones."""
    _, _, rest = text.partition(f"## {heading}\n")
    return [line for line in rest.partition("\n## ")[0].splitlines() if line]


@pytest.fixture(scope="module")
def text() -> str:
    return page({"cores": "2"}, FIGURES, SUBJECTS, ["benchmarks/requests.svg", "benchmarks/growth-batch.svg"])


def test_a_table_has_a_row_for_each_subject_the_best_first(text: str) -> None:
    assert section(text, "A. Requests that add one task")[2:] == [
        "| subject | durable | requests/s | p50 ms | p99 ms | CPU µs | of stock |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
        "| FastAPI, no task | nothing | 4,550 | 7 | 12 | 210 | 1.30 |",
        "| FastAPI, async | memory | 3,500 | 9.10 | 14 | 270 | 1 |",
        "| **afterword 1** | fsync | 2,800 | 11.2 | 28.4 | 312 | 0.80 |",
        r"| Peer 2 \| Redis | memory | – | – | – | – | – |",
        "- Peer 2 | Redis: could not be measured: no server",
        "| goal |  | afterword |",
        "| --- | --- | ---: |",
        "| requests/s ≥ 0.8 × stock's | reached | 0.80 × |",
        "| p99 ms ≤ 2 × stock's | **not reached** | 2.03 × |",
        "![A. Requests that add one task, requests/s](benchmarks/requests.svg)",
    ]


def test_variants_stand_in_the_table_and_plots_only_where_there_are_some(text: str) -> None:
    lines = section(text, "C. Draining")

    assert [line for line in lines if (line.startswith("| ") and "fsync" in line) or "Peer" in line] == [
        "| **afterword 1** | fsync | 16,000 | 1 |",
        "| **afterword 1, plain functions** | fsync | 8,000 | 0.50 |",
        r"| Peer 2 \| Redis | memory | 400 | 0.025 |",
    ]
    assert not any(line.startswith("![") for line in lines)


def test_a_missing_value_shows_its_note(text: str) -> None:
    lines = section(text, "F. Kill -9 in the middle")

    assert r"| Peer 2 \| Redis | memory | 10 | 4 | – | – | – |" in lines
    assert "- Peer 2 | Redis: 4 of 4 orphans not ended after 60 s" in lines
    assert "| started twice ≤ 1 × the orphans | reached | 1 × |" in lines


def test_lines_of_an_earlier_run_are_named() -> None:
    earlier = figure("C drain", "peer", {"jobs/s": 400.0})._replace(at="2026-11-28T08:59:59+00:00")
    lines = section(page({}, [*FIGURES, earlier], SUBJECTS, []), "C. Draining")
    assert "- Measured in an earlier run: Peer 2 | Redis." in lines


def test_numbers_in_headings_are_readable(text: str) -> None:
    assert "| subject | durable | jobs/s at 1,000 | jobs/s at few | jobs/s at 1,000,000 | ratio |" in text


def test_a_measure_without_figures_has_no_table(text: str) -> None:
    assert "## H." not in text


def test_goals_are_counted_and_those_not_reached_are_named(text: str) -> None:
    lines = section(text, "Goals")

    assert lines[:5] == [
        f"Of {len(GOALS)} goals, 9 are reached.",
        "Not reached:",
        "- A requests: p99 ms ≤ 2 × stock's: 2.03 ×",
        f"- {SAMPLE}: requests/s ≥ 2 × stock's: 1.80 ×",
        "- D latency: p50 ms ≤ 2: 2.50",
    ]
    assert lines[5:7] == ["Not measured:", "- E ping: busy p99 ms ≤ 3 × its own when idle"]


def test_figures_as_shares_of_the_limits(text: str) -> None:
    lines = section(text, "The machine's own limits")

    assert "| SQLite commits | 2,000 |" in lines
    assert "| SQLite rows by 1,000 | 192,000 |" in lines
    assert "| PostgreSQL rows | – |" in lines
    assert "- no PostgreSQL" in lines
    assert lines[-4:] == [
        "| A. requests/s | the endpoint without a task | 2,800 | 4,550 | 62 % |",
        "| B. jobs/s | rows/s of bare SQLite | 48,000 | 192,000 | 25 % |",
        "| C. jobs/s | rows/s claimed and deleted in bare SQLite | 16,000 | 64,000 | 25 % |",
        "| D. p50 ms | one commit of bare SQLite | 2.50 | 0.50 | 20 % |",
    ]


def test_how_cost_grows(text: str) -> None:
    lines = section(text, "How cost grows")

    assert "![Adding more at once](benchmarks/growth-batch.svg)" in lines
    assert lines[-5:] == [
        "| jobs added together | afterword 1 |",
        "| ---: | ---: |",
        "| 1 | 100 |",
        "| 10 | 1,000 |",
        "| 100 | 10,000 |",
    ]


def test_how_each_is_set_up(text: str) -> None:
    assert section(text, "How each is set up")[-3:] == [
        "**Peer 2 | Redis.** Two workers.",
        "- installed: `peer==2 redis==8`",
        "- workers: `peer run` (2 of them)",
    ]


def test_a_curve_whose_figures_are_all_missing_is_none() -> None:
    assert list(curves([figure("growth batch", OURS, {}, "could not be measured")], SUBJECTS)) == []


def test_every_value_of_a_goal_is_shown() -> None:
    shown = {(layout.measure, column) for layout in LAYOUTS for column in layout.columns}

    assert {(goal.measure, name) for goal in GOALS for name in goal.values} <= shown


MORE = Goal("A", ["x/s"], "at least", 0.5, Against("A", "stock", "x/s", "stock's"))
LESS = Goal("A", ["x ms", "y ms"], "at most", 3)


@pytest.mark.parametrize(
    ("goal", "ours", "stock", "reached", "said"),
    [
        pytest.param(MORE, {"x/s": 50.0}, {"x/s": 100.0}, "reached", "0.50 ×", id="just so"),
        pytest.param(MORE, {"x/s": 49.0}, {"x/s": 100.0}, "not reached", "0.49 ×", id="hardly not"),
        pytest.param(MORE, {"x/s": None}, {"x/s": 100.0}, "not measured", "–", id="without ours"),
        pytest.param(MORE, {"x/s": 50.0}, {}, "not measured", "–", id="without the other"),
        pytest.param(MORE, {"x/s": 0.0}, {"x/s": 0.0}, "reached", "0 ×", id="nothing of nothing"),
        pytest.param(LESS, {"x ms": 1.0, "y ms": 2.0}, {}, "reached", "3", id="a sum"),
        pytest.param(LESS, {"x ms": 1.5, "y ms": 2.0}, {}, "not reached", "3.50", id="a sum above"),
        pytest.param(LESS, {"x ms": 1.0}, {}, "not measured", "–", id="half a sum"),
    ],
)
def test_judges(goal: Goal, ours: Values, stock: Values, reached: str, said: str) -> None:
    [judgement] = judge([goal], found([figure("A", OURS, ours), figure("A", "stock", stock)]))

    assert (verdict(judgement), got(judgement)) == (reached, said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0.0, "0"),
        (3.0, "3"),
        (0.049, "0.049"),
        (0.5, "0.50"),
        (12.34, "12.3"),
        (123.4, "123"),
        (76543.2, "76,543"),
    ],
)
def test_numbers(value: float | None, said: str) -> None:
    assert number(value) == said


def slower(name: str, figures: Sequence[Figure] = FIGURES) -> list[Figure]:
    """With 0.7 of afterword's value of that name."""
    return [
        each._replace(values={k: v and (v * 0.7 if k == name else v) for k, v in each.values.items()})
        if each.subject == OURS
        else each
        for each in figures
    ]


def test_what_has_fallen() -> None:
    before, now = found(FIGURES), found(slower("jobs/s"))

    assert [change.ratio.measure for change in changes(now, before) if change.fallen] == ["B bulk", "C drain"]
    assert not any(change.fallen for change in changes(before, now))


def test_a_latency_that_grows_has_fallen() -> None:
    before, now = found(slower("p50 ms")), found(FIGURES)

    assert [change.ratio.measure for change in changes(now, before) if change.fallen] == ["D latency"]


def test_what_was_not_tried_has_not_fallen_but_what_failed_has() -> None:
    before, others = found(FIGURES), [each for each in FIGURES if each.measure != "D latency"]
    failed = [*others, figure("D latency", OURS, {}, "could not be measured")]

    assert not any(change.fallen for change in changes(found(others), before))
    assert [change.ratio.measure for change in changes(found(failed), before) if change.fallen] == ["D latency"]


@pytest.mark.parametrize(
    ("figures", "code", "said"),
    [
        (FIGURES, 0, "None of them is below 80% of what the last full run has found."),
        (slower("jobs/s"), 1, "Fallen by more than 20%: B. jobs/s beside rows/s of bare SQLite, C. jobs/s beside"),
    ],
)
def test_quick_compares_with_the_last_run(tmp_path: Path, figures: Sequence[Figure], code: int, said: str) -> None:
    report.save(tmp_path / "results.json", {}, FIGURES)
    output = io.StringIO()

    assert report.quick(figures, tmp_path / "results.json", Console(file=output, width=120)) == code
    assert said in output.getvalue()
    assert len(output.getvalue().splitlines()) <= 25


def test_quick_without_a_last_run(tmp_path: Path) -> None:
    output = io.StringIO()

    assert report.quick(FIGURES, tmp_path / "results.json", Console(file=output, width=120)) == 0
    assert "make bench" in output.getvalue()
    assert sum(" – " in line for line in output.getvalue().splitlines()) == len(RATIOS)


def test_shows_tables_on_the_terminal() -> None:
    output = io.StringIO()
    report.show(FIGURES, Console(file=output, width=100))

    for table in tables(FIGURES, report.every_subject()):
        assert table.layout.heading in output.getvalue()
    assert "jobs/s ≥ 40,000: 48,000, reached" in output.getvalue()


def test_results_are_read_as_they_were_saved(tmp_path: Path) -> None:
    report.save(tmp_path / "new" / "results.json", {"cores": "2"}, FIGURES)

    assert report.read(tmp_path / "new" / "results.json") == ({"cores": "2"}, FIGURES)


def test_writes_the_page_beside_its_plots(tmp_path: Path) -> None:
    results = tmp_path / "benchmarks" / "results.json"
    report.save(results, machine.describe(tmp_path), FIGURES)
    report.write(results, tmp_path / "benchmarks.md")
    written = (tmp_path / "benchmarks.md").read_text()

    plots = sorted(path.name for path in results.parent.glob("*.svg"))
    assert sorted(line.rpartition("/")[2].rstrip(")") for line in written.splitlines() if line.startswith("![")) == plots
    assert "| measured | 2026-11-28 |" in written


def test_plots_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for folder in ("one", "two"):
        report.save(tmp_path / folder / "results.json", {}, FIGURES)
        report.write(tmp_path / folder / "results.json", tmp_path / f"{folder}.md")

    names = ["bulk.svg", "drain.svg", "growth-batch.svg", "latency.svg", "requests.svg"]
    assert sorted(path.name for path in (tmp_path / "one").glob("*.svg")) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_names_of_processor_and_memory() -> None:
    assert machine.processor("processor\t: 0\nmodel name\t: Fast 3000\n") == "Fast 3000"
    assert machine.processor("nothing\n")
    assert machine.memory("MemTotal:       24731708 kB\nMemFree: 1 kB\n") == "25.3 GB"
    assert machine.memory("") == "unknown"
