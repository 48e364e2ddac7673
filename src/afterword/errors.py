"""Every error that afterword raises on purpose. The docstring of a class is its message: what, what was got, what to do."""

from functools import partial
from inspect import cleandoc
from typing import Any


class AfterwordError(Exception):
    """Something went wrong in afterword."""

    retry_after: int | None = None
    """Seconds after which the same request may succeed; None where waiting does not help."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        # Without docstrings (python -OO) at least the name and the facts are left.
        message = cleandoc(type(self).__doc__ or f"{type(self).__name__} {facts}").replace("\n", " ")
        super().__init__(message.format(**facts) if type(self).__doc__ else message)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self.facts), ()  # An exception is copied by its positional arguments, and has none.


# Configuration


class SettingsError(AfterwordError):
    """These settings cannot be used: {faults}"""


class ApplicationNotFound(AfterwordError):
    """The application cannot be found: {reason}. Say where it is, for example Afterword(app, application="main:app")
    or AFTERWORD_APP=main:app."""


class ApplicationBroken(ApplicationNotFound):
    """The application cannot be imported: {reason}. Mend that: every runner imports it."""


class NoApplication(AfterwordError, TypeError):
    """Afterword takes the FastAPI application, got {got}. Write `Afterword(app)` below `app = FastAPI()`."""


class NotAttached(AfterwordError):
    """This application has no afterword: add `Afterword(app)` below `app = FastAPI()`."""


class AlreadyStarted(AfterwordError):
    """Afterword(app) came after the application had started: call it at module level, below `app = FastAPI()`."""


class AlreadyAttached(AfterwordError):
    """This application has an afterword already: keep one `Afterword(app)` for each application."""


class OutsideRequest(AfterwordError):
    """A list of background tasks made by hand belongs into a request, whose response carries it. Elsewhere, add a task by
    `await afterword.add(...)`, or by `afterword.add_now(...)` where nothing can be awaited."""


class UnsupportedFastAPI(AfterwordError):
    """FastAPI {version} does not offer `{missing}` in the request's scope, which afterword needs to write tasks down before
    the response. Use FastAPI 0.135 or newer, and report this if yours is newer than the newest one tested."""


class BareAnnotation(AfterwordError):
    """`{name}` cannot be used as a bare annotation: write `background_tasks: BackgroundTasks` with
    `from afterword import BackgroundTasks`."""


# What is handed to add_task


class OptionsRefused(AfterwordError, ValueError):
    """The task {task} cannot have these options: {faults}"""


class TaskNameTaken(AfterwordError, ValueError):
    """Two tasks are called {name}: {first} and {second}. Give one of them another name with @task(name=...)."""


class TaskRefused(AfterwordError, TypeError):
    """{what} cannot run in another process: {why}. {mend}"""


class EngineUnknown(AfterwordError, LookupError):
    """{task} is to be handed off via {via!r}, which is no engine of this application; it has {there}. Name it:
    Afterword(app, handoff={{{via!r}: ...}})."""


class ArgumentRefused(AfterwordError, TypeError):
    """Argument `{parameter}` of {task} cannot be written down: got {got}, {why}. {mend}"""


class ArgumentsTooLarge(AfterwordError, ValueError):
    """The arguments of {task} take {size} bytes as JSON; at most {limit} are written down. Store the data yourself and pass its
    key or path, or raise max_arguments."""


class UniqueKeyRefused(AfterwordError, ValueError):
    """The function for `unique` made no key of these arguments of {task}: got {got}. Let it return a text of 1 to 200 printable
    characters, or None where the call is not to be unique."""


class ArgumentsUnreadable(AfterwordError, ValueError):
    """The stored arguments of {task} do not fit its present signature: {why}. Mend the function or cancel the job."""


class TaskUnknown(AfterwordError, LookupError):
    """No task is called {name} here: {why}."""


# Hand-off


class HandOffRefused(AfterwordError):
    """{task} cannot be handed off to {engine}: {why}. {mend}"""


# The store


class StoreError(AfterwordError):
    """The store failed."""

    retry_after: int | None = 1


class StoreUnavailable(StoreError):
    """The store at {store} cannot be used: {why}."""


class WriteRefused(StoreError):
    """The store at {store} cannot hold this: {why}. Nothing of it was written."""

    retry_after = None


class StoreUnreadable(StoreError):
    """The store at {store} cannot be read: {why}."""

    retry_after = None


class StoreClosed(StoreError):
    """The store at {store} is closed."""


class StoreReplaced(StoreError):
    """{what} was {how} while this process had it open, so nothing more is written to the store at {store}. Restart the
    application and its workers: they go on with the file that is there then."""

    retry_after = 5


class BacklogFull(StoreError):
    """{limit} jobs are unfinished, which is all that max_queued allows: nothing was added. Start more workers, or raise
    max_queued."""

    retry_after = 5


class SchemaTooNew(StoreError):
    """The store at {store} has schema {found}, this afterword knows {known}: nothing was changed. Upgrade afterword."""

    retry_after = None


class SchemaTooOld(StoreError):
    """The store at {store} has schema {found}, this afterword reads {known}, and whoever looks changes nothing. Start the
    application, which brings it up to date."""

    retry_after = None


class StoreUrlError(AfterwordError, ValueError):
    """{url!r} names no store: {why}. Use "sqlite:///afterword.db", "memory", "inline" or "inline-strict"."""


class StoreMissing(StoreError):
    """There is no store at {path}, where {source} says it is; none was made. Start the application, which makes it, or say
    where it is with --store sqlite:///PATH."""

    retry_after = None


class StoreUnknown(AfterwordError):
    """Where the jobs are cannot be told: {reason}. Say it with --store sqlite:///PATH, or name the application with
    --app main:app."""


class StoreNotShared(AfterwordError, ValueError):
    """{url!r} is a store that only the application's own process sees: any other, such as a worker started apart, would find no
    jobs there. Use a file, for example "sqlite:///afterword.db"."""


# Tests


class DrainStuck(AfterwordError):
    """A job of {task} can never end here: {why}"""


# The pipe


class FrameError(AfterwordError):
    """A frame between worker and runner cannot be read: {why}."""
