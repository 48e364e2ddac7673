"""Results as JSON, where they have such a form."""

import datetime as dt
import json
import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given

from afterword.tasks.codec import LONGEST_RESULT, encode_result
from tests.tasks.things import PLAIN, Item, Point, cycle, deep


@given(PLAIN)
def test_a_result_is_kept_as_json(value: Any) -> None:
    kept = encode_result(value)

    assert kept is not None
    assert json.loads(kept) == value


@pytest.mark.parametrize(
    "value",
    [object(), lambda: None, cycle(), deep(5000), "\ud800", iter([1]), "x" * LONGEST_RESULT, ValueError("x"), print],
    ids=["object", "lambda", "cycle", "deep", "surrogate", "generator", "long", "exception", "builtin"],
)
def test_a_result_without_a_json_form_is_none(value: Any) -> None:
    assert encode_result(value) is None


def test_a_result_of_known_types_has_a_json_form() -> None:
    assert encode_result(Item(name="x")) == b'{"name":"x","price":"1","sizes":[]}'
    assert encode_result(Point(1, math.nan)) == b'{"x":1,"y":"NaN","tags":[]}'
    assert encode_result({dt.date(2026, 1, 2): b"\xff"}) == b'{"2026-01-02":"_w=="}'
    assert encode_result("x" * (LONGEST_RESULT - 2)) is not None
    assert encode_result(None) == b"null"


def test_an_infinite_generator_is_not_read_to_its_end() -> None:
    def forever() -> Iterable[int]:
        while True:
            yield 1

    assert encode_result(forever()) is None
