"""How often and when a failed job is tried again."""

from dataclasses import dataclass

from afterword.clock import microseconds

Exceptions = type[BaseException] | tuple[type[BaseException], ...]

LONGEST = 3_155_760_000
"""Seconds in a century: more than anybody means, and microseconds of it still fit wherever a number is stored."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry policy: `attempts` in all, the first included, with exponential backoff and jitter between them.

    The pause after attempt n is `delay * factor ** (n - 1)` seconds, at most `longest`, then made shorter or longer by up to
    the share `jitter`, so that what failed together does not return together (see M. Brooker, "Exponential Backoff And
    Jitter", 2015). `on` names the exceptions worth another try, `not_on` those that are not.
    """

    attempts: int = 3
    delay: float = 1.0
    factor: float = 2.0
    longest: float = 3600.0
    jitter: float = 0.25
    on: Exceptions = (Exception,)
    not_on: Exceptions = ()

    def __post_init__(self) -> None:
        whole = isinstance(self.attempts, int) and not isinstance(self.attempts, bool)
        faults = [
            f"{rule}, got {value!r}"
            for wrong, rule, value in (
                (not whole or self.attempts < 1, "attempts must be a whole number of at least 1", self.attempts),
                (not _lies(0, self.delay, LONGEST), f"delay must be seconds from 0 to {LONGEST}", self.delay),
                (not _lies(1, self.factor, 1e9), "factor must be a number of at least 1", self.factor),
                (not _lies(0, self.longest, LONGEST), f"longest must be seconds from 0 to {LONGEST}", self.longest),
                (not _lies(0, self.jitter, 1), "jitter must lie between 0 and 1", self.jitter),
                (not _catches(self.on), "on must be exception classes", self.on),
                (not _catches(self.not_on), "not_on must be exception classes", self.not_on),
            )
            if wrong
        ]
        if faults:
            raise ValueError("Retry: " + "; ".join(faults))

    def wants(self, error: BaseException) -> bool:
        """Whether an attempt that ended with `error` is worth another one."""
        return isinstance(error, self.on) and not isinstance(error, self.not_on)


def pause(retry: Retry, attempt: int, draw: float) -> int:
    """Microseconds to wait after `attempt` (from 1) failed; `draw` in [0, 1) is the chance in it."""
    try:
        grown = retry.delay * float(retry.factor) ** (attempt - 1)
    except OverflowError:
        grown = retry.longest if retry.delay else 0.0
    spread = 1 + retry.jitter * (2 * draw - 1)
    return microseconds(min(grown, retry.longest) * spread)


def _lies(least: float, value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _catches(value: object) -> bool:
    kinds = value if isinstance(value, tuple) else (value,)
    return all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds)
