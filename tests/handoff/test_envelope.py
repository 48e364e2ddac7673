"""Messages and answers make their way through JSON."""

import json
from typing import Any

import pytest

from afterword.handoff.engine import Offer
from afterword.handoff.envelope import Answer, Idle, read_answer, read_offer, write_answer, write_offer
from afterword.jobs.outcome import Cancelled, Failed, Succeeded

OFFER = Offer("id", 3, 2, "main:app", "main:send", None, 500_000, False, '{"to":"ä"}'.encode())


@pytest.mark.parametrize("offer", [OFFER, OFFER._replace(origin="main:other", timeout=None, foreign=True)])
def test_an_offer_comes_out_as_it_went_in(offer: Offer) -> None:
    assert read_offer(json.loads(json.dumps(write_offer(offer)))) == offer


@pytest.mark.parametrize("message", [None, 7, {}, {**write_offer(OFFER), "afterword": 2}, {**write_offer(OFFER), "token": "3"}])
def test_what_is_no_message_is_refused_in_words(message: Any) -> None:
    with pytest.raises(ValueError, match="this is no message of afterword that version 1 of it can read: "):
        read_offer(message)


@pytest.mark.parametrize(
    "outcome",
    [Succeeded(), Succeeded('"ä"'.encode()), Failed("no"), Failed("no", retry=False), Cancelled("late"), Idle("old")],
)
def test_an_answer_comes_out_as_it_went_in(outcome: Succeeded | Failed | Cancelled | Idle) -> None:
    answer = Answer(3, outcome, "w@host")

    assert read_answer(json.loads(json.dumps(write_answer(answer)))) == answer


@pytest.mark.parametrize("value", [None, "ok", [], {"afterword": 1}, {"afterword": 1, "token": 1, "by": "w", "outcome": "odd"}])
def test_what_is_no_answer_is_none(value: Any) -> None:
    assert read_answer(value) is None
