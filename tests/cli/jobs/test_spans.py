import pytest

from afterword.cli.jobs import spans
from afterword.clock import SECOND


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), (" 1d ", 86_400), ("0s", 0)]
)
def test_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert spans.read(text) == seconds * SECOND


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-7d", "7w", "1h30m", "1.5h", "9999999d"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as refusal:
        spans.read(text)
    assert str(refusal.value) == f"{text!r} is no span of time: write a number and a unit, such as 30m, 12h or 7d"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (200_000, "2d")]
)
def test_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    assert spans.rough(seconds * SECOND) == text
