"""Values: what `value` makes of a class."""

from typing import Any

import pytest

from afterword.values import value


@value
class Sent:
    """A letter left."""

    to: str
    copies: int = 1

    def doubled(self) -> "Sent":
        return Sent(self.to, copies=2 * self.copies)


@value
class Received:
    to: str
    copies: int = 1


@value
class Closed:
    pass


def test_it_is_made_by_place_by_name_and_by_default() -> None:
    assert Sent("ada", copies=2) == Sent(to="ada", copies=2) == Sent("ada").doubled()
    assert (Sent("ada").to, Sent("ada").copies) == ("ada", 1)


def test_two_are_equal_only_if_they_are_of_one_class() -> None:
    sent: object = Sent("ada")
    assert sent != Received("ada")
    assert not sent == Received("ada")  # noqa: SIM201
    assert sent != ("ada", 1)
    assert sent != Sent("bob")
    assert {Sent("ada"), Sent("ada"), Received("ada")} == {Received("ada"), Sent("ada")}


def test_it_cannot_be_changed() -> None:
    sent: Any = Sent("ada")
    with pytest.raises(AttributeError):
        sent.to = "bob"
    with pytest.raises(AttributeError):
        sent.by = "train"


def test_it_is_matched_and_told_by_its_fields() -> None:
    match Sent("ada", 3):
        case Sent(to, copies):
            assert (to, copies) == ("ada", 3)
    assert repr(Sent("ada")) == "Sent(to='ada', copies=1)"
    assert Sent.__doc__ == "A letter left."
    assert Closed() == Closed()
