"""What every engine must do. Its calls may block: they are made in threads of a runner, or of the application's process."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from afterword.jobs.outcome import Cancelled, Crashed, Failed, Succeeded
from afterword.values import value


class Offer(NamedTuple):
    """A job that is to be handed off."""

    id: str
    """The engine's own id of it, too."""
    token: int
    """The claim's number. A message with a lower one than another of this id is an old one: it must do nothing."""
    attempt: int
    app: str
    """`module:name` of the application, whose tasks the other end finds by it."""
    task: str
    """The task's name; for a foreign one, the name by which the engine knows it."""
    origin: str | None
    """`module:qualname` of the function or, for a foreign task, of the engine's own object for it."""
    timeout: int | None
    """Microseconds that the attempt may take; None for ever."""
    foreign: bool
    """The engine's own task, run as the engine does it; else one of ours, run by our wrapper at the other end."""
    arguments: bytes
    """As `tasks.codec` wrote them; for a foreign task a JSON object with `args` and `kwargs`."""


class Handed(NamedTuple):
    """A job that was handed off, as far as it is needed to ask after it."""

    id: str
    token: int
    """That of the offer."""
    foreign: bool
    receipt: str
    """What `submit` answered."""
    since: int
    """When it was handed off: microseconds since the epoch."""


@value
class Underway:
    """It waits there, or runs."""

    started: bool
    by: str | None = None
    """Who runs it, where that is known: `name of the engine's worker`."""


@value
class Gone:
    """There is evidence that the engine has it no more and nobody ran it to its end: it is to be handed off again.

    Never concluded from time alone. `why` names the evidence.
    """

    why: str
    started: bool = False
    """Whether somebody may have begun it: what would say so was lost as well."""


Sighting = Underway | Gone | Succeeded | Failed | Crashed | Cancelled
"""What became of a job. Failed with `retry` follows our policy, so a foreign task, which has its own, never is."""


class EngineAway(Exception):
    """The engine cannot be reached, in words. Whether it took the offer is not known: it may be offered again."""


class Engine(Protocol):
    kind: str
    """"celery" or "rq"."""

    def submit(self, offer: Offer) -> str:
        """Hand it off; answers with a receipt, a text that `look` gets back. Offered again, it must not run twice where
        that can be prevented. Raises EngineAway; anything else is a mistake that fails the attempt for good."""
        ...

    def look(self, handed: Sequence[Handed]) -> Sequence[Sighting]:
        """What became of each, in this order. Raises EngineAway."""
        ...

    def cancel(self, handed: Sequence[Handed]) -> None:
        """Take these back as far as the engine can; `look` says what came of it. Raises EngineAway."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


Engines = Callable[[str, str | None], Engine]
"""The engine of this name; for an engine's own task, where that is (`module:qualname`) is told too, since it may bring its
engine along. Raises LookupError, in words."""
