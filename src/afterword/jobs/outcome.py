"""How an attempt ended."""

from afterword.values import value


@value
class Succeeded:
    """The function returned; `result` is what, as JSON, or None where it has no JSON form."""

    result: bytes | None = None


@value
class Failed:
    """The function raised; `error` is the traceback, `retry` whether its policy wants another attempt."""

    error: str
    retry: bool = True
    alone: bool = False
    """It cost its runner: another attempt shares one with no other."""


@value
class Snoozed:
    """The attempt could not be made yet and does not count; try again after `delay` microseconds."""

    delay: int
    reason: str
    until: int | None = None
    """The moment itself, where others are put off until the same: microseconds since the epoch."""


@value
class Interrupted:
    """We took the attempt back (shutdown, deploy, a runner that died before it began): it does not count."""

    reason: str
    started: bool
    alone: bool = False
    """It is made again in a runner that it shares with no other, so that it is not taken back for another's sake again."""


@value
class Crashed:
    """The runner died while it ran. `alone`: nothing else ran there, so this job is to blame."""

    cause: str
    alone: bool


@value
class Cancelled:
    """A person took it back before it had ended."""

    reason: str


@value
class HandedOff:
    """An engine has it now; `receipt` is what is needed to ask that engine what became of it."""

    receipt: str


Outcome = Succeeded | Failed | Snoozed | Interrupted | Crashed | Cancelled | HandedOff
