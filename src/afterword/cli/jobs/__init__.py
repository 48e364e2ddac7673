"""`afterword jobs`: what became of the tasks, and what a person may do about it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from afterword.cli.jobs import changing, ids, listing, showing, spans, spelling
from afterword.cli.jobs.ids import Unfound
from afterword.cli.jobs.looking import PATIENCE, Readable, look
from afterword.cli.opened import opened, seen
from afterword.cli.options import App, AppDir, Json, StoreUrl
from afterword.clock import SystemClock
from afterword.jobs.job import Job, State
from afterword.stores.store import Change, Query

WORDS = {state.word: state for state in State}
FINISHED = {word: state for word, state in WORDS.items() if state.finished}

MOST = 1_000_000
"""Jobs of one answer: all of them are in memory at once."""

CLOCK = SystemClock()

jobs = typer.Typer(no_args_is_help=True, help="See what became of the tasks; retry, cancel or forget them.")


def a_state(word: str) -> State:
    if word not in WORDS:
        raise typer.BadParameter(f"{word!r} is no state: choose among {', '.join(WORDS)}")
    return WORDS[word]


def a_span(text: str) -> int:
    try:
        return spans.read(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


PARTS = Argument(metavar="ID...", help="Ids, or of each 6 or more characters of its beginning or end.")
Ids = Annotated[list[str] | None, PARTS]
Task = Annotated[str | None, Option(help='Only jobs of this task, as "main:send_mail".', show_default="all")]


@jobs.command("list")
def list_jobs(
    states: Annotated[
        list[State] | None,
        Option(
            "--state", metavar="STATE", parser=a_state, help="Only jobs of this state; may be repeated.", show_default="all"
        ),
    ] = None,
    task: Task = None,
    limit: Annotated[int, Option(min=1, max=MOST, help="Jobs to show, at most.")] = 20,
    before: Annotated[str | None, Option(metavar="ID", help="Only jobs added before this one: the next page.")] = None,
    patience: Annotated[float, Option(min=0, help="Seconds to look for jobs of a task.")] = PATIENCE,
    json: Json = False,
    app: App = None,
    app_dir: AppDir = Path(),
    store: StoreUrl = None,
) -> None:
    """Show the newest jobs, and how many there are in each state."""
    with seen(store, app, app_dir) as place:
        below = one(place.store, before).key if before else None
        counts = None if json else place.store.count()
        page = look(place.store, Query(tuple(states or ()), task, before=below, limit=limit), patience)
        if counts is not None:
            listing.show(sys.stdout, place.url, counts.result(), page, limit, CLOCK.now())
            return
        sys.stdout.write(f"{spelling.dump([spelling.facts(job) for job in page.jobs])}\n")
        if page.stopped_at:
            sys.stderr.writelines(f"{line}\n" for line in listing.notes(page, limit))


@jobs.command()
def show(
    id: Annotated[str, Argument(metavar="ID", help="Its id, or 6 or more characters of its beginning or end.")],
    json: Json = False,
    app: App = None,
    app_dir: AppDir = Path(),
    store: StoreUrl = None,
) -> None:
    """Show everything of one job."""
    with seen(store, app, app_dir) as place:
        job = one(place.store, id)
        if json:
            sys.stdout.write(f"{spelling.dump(spelling.facts(job))}\n")
            return
        showing.show(job, place.store.workers().result(), CLOCK.now())


@jobs.command()
def retry(
    typed: Ids = None,
    failed: Annotated[bool, Option("--failed", help="All failed jobs, instead of ids.")] = False,
    task: Annotated[str | None, Option(help="With --failed: only jobs of this task.", show_default="all")] = None,
    json: Json = False,
    app: App = None,
    app_dir: AppDir = Path(),
    store: StoreUrl = None,
) -> None:
    """Queue failed or cancelled jobs again, with all their attempts."""
    if failed == bool(typed):
        raise typer.BadParameter("say which jobs: either their ids, or --failed for all that have failed")
    if task and not failed:
        raise typer.BadParameter("--task goes with --failed alone")
    with opened(store, app, app_dir) as found:
        if typed:
            raise typer.Exit(changing.tell(changing.change(found, Change.RETRY, typed), Change.RETRY, json))
        count(changing.retry_failed(found, task), "retried", json)


@jobs.command()
def cancel(
    typed: Annotated[list[str], PARTS],
    json: Json = False,
    app: App = None,
    app_dir: AppDir = Path(),
    store: StoreUrl = None,
) -> None:
    """Take back jobs that have not started. Running ones cannot be cancelled yet."""
    with opened(store, app, app_dir) as found:
        raise typer.Exit(changing.tell(changing.change(found, Change.CANCEL, typed), Change.CANCEL, json))


@jobs.command()
def forget(
    typed: Ids = None,
    older_than: Annotated[
        int | None,
        Option(metavar="SPAN", parser=a_span, help="All that finished longer ago than this (30m, 12h, 7d), instead of ids."),
    ] = None,
    states: Annotated[
        list[State] | None,
        Option(
            "--state", metavar="STATE", parser=a_state, help="With --older-than: only jobs of this state.", show_default="all"
        ),
    ] = None,
    json: Json = False,
    app: App = None,
    app_dir: AppDir = Path(),
    store: StoreUrl = None,
) -> None:
    """Delete finished jobs, with their arguments and results."""
    if (older_than is None) == (not typed):
        raise typer.BadParameter("say which jobs: either their ids, or --older-than for all that finished longer ago")
    if states and older_than is None:
        raise typer.BadParameter("--state goes with --older-than alone")
    if any(not state.finished for state in states or ()):
        raise typer.BadParameter(f"only finished jobs can be forgotten: choose among {', '.join(FINISHED)}")
    with opened(store, app, app_dir) as found:
        if older_than is None:
            raise typer.Exit(changing.tell(changing.change(found, Change.FORGET, typed or []), Change.FORGET, json))
        count(changing.forget_older(found, CLOCK.now() - older_than, states or ()), "forgotten", json)


def one(store: Readable, typed: str) -> Job:
    """The one job that is meant. Ends the command with 1 where it is none."""
    match ids.find(store, typed):
        case Unfound(typed, why):
            typer.echo(spelling.printable(f"{typed}: {why}"), err=True)
            raise typer.Exit(1)
        case job:
            return job


def count(number: int, done: str, as_json: bool) -> None:
    sys.stdout.write(f"{spelling.dump({done: number})}\n" if as_json else f"{number:,} {done}\n")
