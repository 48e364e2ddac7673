"""Errors: their docstring is their message, complete and on one line."""

import copy
import inspect
import pickle
import string
from typing import Any

import pytest

from afterword import errors
from afterword.errors import AfterwordError, BacklogFull, NotAttached, TaskUnknown

ALL = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, AfterwordError)]


def facts_of(kind: type[AfterwordError]) -> dict[str, Any]:
    names = {name for _, name, _, _ in string.Formatter().parse(kind.__doc__ or "") if name}
    return {name: f"<{name}>" for name in names}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_says_its_sentence(kind: type[AfterwordError]) -> None:
    facts = facts_of(kind)
    error = kind(**facts)

    assert str(error)
    assert "\n" not in str(error)
    assert "  " not in str(error)
    assert str(error).endswith((".", ">"))
    assert all(fact in str(error) for fact in facts.values())
    assert error.facts == facts


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_survives_a_copy_and_a_pickle(kind: type[AfterwordError]) -> None:
    error = kind(**facts_of(kind))

    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(other), str(other), other.facts) == (kind, str(error), error.facts)


def test_a_fact_is_not_read_as_a_format() -> None:
    assert str(TaskUnknown(name="{name}", why="{}")) == "No task is called {name} here: {}."


def test_who_may_come_again_and_when() -> None:
    assert BacklogFull(limit=5).retry_after == 5
    assert NotAttached().retry_after is None
