"""docs/benchmarks.md, as text."""

import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence

from benchmarks.curves import Curve, curves
from benchmarks.figures import Figure
from benchmarks.goals import GOALS, OURS, Found, Judgement, judge, value
from benchmarks.ratios import LIMITS, RATIOS, Ratio
from benchmarks.subject import Subject
from benchmarks.tables import Subjects, Table, brief, found, goal, got, heading, number, tables, title, verdict

HEADING = """# How fast it is

This page is written by `make bench`: one command, which measures every subject in one run, on one machine, by the same clients.
Another machine gives other figures, so look at the ratios, and at [the machine's own limits](#the-machines-own-limits), which
are measured in the same run. A machine of two cores, on which clients, API, workers and servers take turns, is noisy:
differences of less than a tenth mean nothing, and a p99 wanders most of all. Where lines of a table are from an earlier run,
it says so below.

Each subject is set up as its documentation advises for two cores: [how each is set up](#how-each-is-set-up). *Durable* says
what an accepted job survives. A dash stands where nothing was measured; the lines below the table say why."""


_OF_LIMITS = (
    "What the disk and a bare database do in the same run, asked by one process. *fdatasync* counts blocks of 4 KiB that were "
    "appended and forced to the disk. Of the databases, *commits* hold one row of about 200 bytes, *rows* come in commits of "
    "100 or of 1,000; *claimed and deleted* are 100 rows in each commit, which deletes them and marks the next. SQLite with "
    "`synchronous=FULL`."
)


def page(machine: Mapping[str, str], figures: Sequence[Figure], subjects: Subjects, plots: Collection[str]) -> str:
    """The whole of it; `plots` are those that exist, as they are to be linked."""
    known = found(figures)
    parts = [
        HEADING,
        _machine(machine, figures),
        _summary(judge(GOALS, known)),
        *(_measure(table, plots) for table in tables(figures, subjects)),
        _limits(known),
        _growth(list(curves(figures, subjects)), plots),
        _set_up({name for measure, name in known if name}, subjects),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def rows(columns: Sequence[str], told: Sequence[Sequence[str]], words: int = 1) -> str:
    """A table, of which the first columns, so many, hold words and the others figures."""
    lines = [columns, ["---"] * words + ["---:"] * (len(columns) - words), *told]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def wrapped(text: str) -> str:
    return textwrap.fill(text, 128, break_on_hyphens=False)


def _machine(machine: Mapping[str, str], figures: Sequence[Figure]) -> str:
    days = sorted({figure.at[:10] for figure in figures if figure.at})
    when = [["measured", days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"]] if days else []
    return rows(["", ""], [*when, *map(list, machine.items())], words=2)


def _summary(judgements: Sequence[Judgement]) -> str:
    counted = {said: [j for j in judgements if verdict(j) == said] for said in ("reached", "not reached", "not measured")}
    lines = [f"Of {len(judgements)} goals, {len(counted['reached'])} are reached."]
    for said in ("not reached", "not measured"):
        if counted[said]:
            lines += ["", f"{said.capitalize()}:", ""]
            lines += [f"- {j.goal.measure}: {goal(j.goal)}{f': {got(j)}' if j.got is not None else ''}" for j in counted[said]]
    return "\n".join(["## Goals", "", *lines])


def _measure(table: Table, plots: Collection[str]) -> str:
    layout = table.layout
    told = [[f"**{row.title}**" if row.ours else row.title, *row.cells] for row in table.rows]
    parts = [f"## {layout.heading}", wrapped(layout.what), rows(table.columns, told, words=2)]
    if table.notes:
        parts.append("\n".join(f"- {note}" for note in table.notes))
    if table.judgements:
        judged = [[goal(judgement.goal), _verdict(judgement), got(judgement)] for judgement in table.judgements]
        parts.append(rows(["goal", "", "afterword"], judged, words=2))
    if layout.bars:
        parts += _picture(layout.bars.file, layout.bars.title, plots)
    return "\n\n".join(parts)


def _verdict(judgement: Judgement) -> str:
    return f"**{verdict(judgement)}**" if judgement.reached is False else verdict(judgement)


def _picture(file: str, title: str, plots: Collection[str]) -> list[str]:
    return [f"![{title}]({path})" for path in plots if path.rpartition("/")[2] == file]


def _limits(known: Found) -> str:
    own = known.get((LIMITS, ""))
    if own is None:
        return ""
    shares = [_share(ratio, known) for ratio in RATIOS if ratio.limit]
    parts = [
        "## The machine's own limits",
        wrapped(_OF_LIMITS),
        rows(["", "per second"], [[heading(name.replace("/s", "")), number(figure)] for name, figure in own.values.items()]),
        *([f"- {brief(own.note)}"] if own.note else []),
        "And afterword's figures as shares of what they are limited by:",
        rows(["", "limited by", "afterword", "the limit", "share"], shares, words=2),
    ]
    return "\n\n".join(parts)


def _share(share: Ratio, known: Found) -> Sequence[str]:
    of = share.of(known)
    ours = value(known, share.measure, OURS, share.value)
    said = "–" if of is None else f"{100 * of:.0f} %"
    return [f"{share.measure[0]}. {share.value}", share.said, number(ours), number(share.theirs(known)), said]


def _growth(drawn: Sequence[Curve], plots: Collection[str]) -> str:
    if not drawn:
        return ""
    parts = ["## How cost grows", "Of afterword: one thing changes, all else stays as it is."]
    for curve in drawn:
        parts += [f"### {curve.title}", *_picture(curve.file, curve.title, plots), _points(curve)]
        if curve.notes:
            parts.append("\n".join(f"- {note}" for note in curve.notes))
    return "\n\n".join(parts)


def _points(curve: Curve) -> str:
    """A row for each place, a column for each line."""
    places = sorted({x for points in curve.lines.values() for x, _ in points})
    lines = [dict(points) for points in curve.lines.values()]
    told = [[number(x), *(number(line.get(x)) for line in lines)] for x in places]
    return rows([curve.across, *curve.lines], told, words=0)


def _set_up(measured: Collection[str], subjects: Subjects) -> str:
    told = [subjects[name] for name in sorted(measured, key=lambda name: title(name, subjects).lower()) if name in subjects]
    return "\n\n".join(["## How each is set up", *map(_subject, told)]) if told else ""


def _subject(subject: Subject) -> str:
    commands = "\n".join(_commands(subject))
    return "\n\n".join(part for part in (f"**{subject.title}.** {subject.notes}".rstrip(), commands) if part)


def _commands(subject: Subject) -> Iterator[str]:
    for said, words in (
        ("installed", [" ".join(subject.requirements)] if subject.requirements else []),
        ("prepared by", [" ".join(command) for command in subject.prepare]),
        ("workers", [" ".join(command) for command in subject.workers]),
        ("settings", [f"{name}={setting}" for name, setting in subject.settings.items()]),
    ):
        if words:
            counted = {word: words.count(word) for word in words}
            spelt = [f"`{word}`" + (f" ({times} of them)" if times > 1 else "") for word, times in counted.items()]
            yield f"- {said}: {', '.join(spelt)}"
