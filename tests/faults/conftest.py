"""Every test here is one fault: its marker says what is injected and what is promised, its `tally` what it cost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.oracle import Tally
from tests.faults.report import Row, renew, write

Count = Callable[[Tally], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reliability", metavar="FILE", help="Write what became of each fault into this file.")
    parser.addoption("--renew", action="store_true", help="There, leave the faults that this run does not try as they are.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not item.nodeid.startswith("tests/faults/"):
            continue
        item.add_marker(pytest.mark.process)
        marker = item.get_closest_marker("fault")
        if marker:
            item.user_properties += [("fault", _name(item)), ("injected", marker.args[0]), ("promised", marker.args[1])]


@pytest.fixture
def tally(record_property: Callable[[str, Any], None]) -> Count:
    """Notes what the fault cost, for the table."""

    def note(tally: Tally) -> None:
        for name in ("accepted", "run", "lost", "twice"):
            record_property(name, f"{getattr(tally, name):,}")
        if tally.recovery is not None:
            record_property("recovery", f"{tally.recovery:.2g} s" if tally.recovery < 10 else f"{tally.recovery:.0f} s")

    return note


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Iterator[None]:
    yield
    target = config.getoption("--reliability", None)
    if target:
        found = [report for reports in terminalreporter.stats.values() for report in reports]
        rows = [row for report in found if isinstance(report, pytest.TestReport) and (row := _row(report))]
        if config.getoption("--renew"):
            renew(Path(target), rows)
        else:
            write(Path(target), rows, Path.cwd())


def _row(report: pytest.TestReport) -> Row | None:
    told = {name: str(value) for name, value in report.user_properties}
    if "fault" not in told or (report.when != "call" and report.outcome == "passed"):
        return None
    outcome = {"passed": "pass", "failed": "**FAIL**"}.get(report.outcome)
    if outcome is None:
        outcome = f"not tried: {report.longrepr[2]}" if isinstance(report.longrepr, tuple) else "not tried"
    return Row(told["fault"], told["injected"], told["promised"], outcome, told)


def _name(item: pytest.Item) -> str:
    """`test_kill9_worker[Claimed]` is `kill9_worker[Claimed]`."""
    return item.name.removeprefix("test_")
