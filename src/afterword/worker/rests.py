"""How long to wait before something that keeps failing is tried again."""


class Rests:
    """Seconds, doubled from `shortest` up to `longest` with each failure in a row."""

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = longest
        self._last = 0.0

    def longer(self) -> float:
        """It has failed again: how long to wait now."""
        self._last = min(max(self._shortest, self._last * 2), self._longest)
        return self._last

    def over(self) -> None:
        """It went well: the next failure is the first of a row."""
        self._last = 0.0
