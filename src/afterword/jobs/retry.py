"""How often and when a failed job is tried again."""

from dataclasses import dataclass

from afterword.clock import microseconds

Exceptions = tuple[type[BaseException], ...]


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
        faults = [
            fault
            for wrong, fault in (
                (self.attempts < 1, f"attempts must be at least 1, got {self.attempts}"),
                (self.delay < 0, f"delay must not be negative, got {self.delay}"),
                (self.factor < 1, f"factor must be at least 1, got {self.factor}"),
                (self.longest < 0, f"longest must not be negative, got {self.longest}"),
                (not 0 <= self.jitter <= 1, f"jitter must lie between 0 and 1, got {self.jitter}"),
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
    # Beyond 2**64 every factor has long reached `longest`; the bound keeps the power from overflowing.
    grown = retry.delay * min(retry.factor ** min(attempt - 1, 64), 1e18)
    spread = 1 + retry.jitter * (2 * draw - 1)
    return microseconds(min(grown, retry.longest) * spread)
