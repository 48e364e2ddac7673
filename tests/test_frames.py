"""What crosses the pipe comes out as it went in, and garbage does no harm."""

import json
import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.errors import FrameError
from afterword.frames import Asked, Broken, Ended, Frame, Look, Order, Ready, Recall, Run, Seen, Splitter, decode, encode
from afterword.framing import LONGEST
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Snoozed, Succeeded

TEXTS = st.text()  # Lone surrogates too: a traceback may quote anything.
NUMBERS = st.integers(0, 2**63 - 1)
ORDERS = st.builds(
    Order,
    NUMBERS,
    TEXTS,
    TEXTS,
    NUMBERS,
    st.none() | TEXTS,
    st.none() | NUMBERS,
    st.binary(),
    NUMBERS,
    st.none() | TEXTS,
    st.booleans(),
)
OUTCOMES = st.one_of(
    st.builds(Succeeded, st.none() | st.binary()),
    st.builds(Failed, TEXTS, st.booleans()),
    st.builds(Snoozed, NUMBERS, TEXTS, st.none() | NUMBERS),
    st.builds(Interrupted, TEXTS, st.booleans()),
    st.builds(HandedOff, TEXTS),
)
ASKED = st.builds(Asked, TEXTS, NUMBERS, TEXTS, st.booleans(), TEXTS, NUMBERS, st.booleans(), st.none() | TEXTS)
SIGHTED = st.one_of(
    st.none(),
    st.builds(Succeeded, st.none() | st.binary()),
    st.builds(Failed, TEXTS, st.booleans()),
    st.builds(Crashed, TEXTS, st.booleans()),
    st.builds(Cancelled, TEXTS),
    st.builds(Interrupted, TEXTS, st.booleans()),
)
FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Run, st.lists(ORDERS)),
    st.builds(Recall),
    st.builds(Ready),
    st.builds(Broken, TEXTS),
    st.builds(Ended, st.lists(st.tuples(NUMBERS, OUTCOMES))),
    st.builds(Look, st.lists(ASKED)),
    st.builds(Seen, st.lists(SIGHTED)),
)


def body(frame: Frame) -> bytes:
    data = encode(frame)
    assert struct.unpack("!I", data[:4]) == (len(data) - 4,)
    return data[4:]


@given(FRAMES)
def test_a_frame_comes_out_as_it_went_in(frame: Frame) -> None:
    back = decode(body(frame))

    assert back == frame
    assert type(back) is type(frame)


def test_the_parts_are_of_their_own_types() -> None:
    back = decode(body(Run([Order(1, "id", "main:f", 2, None, None, b"{}")])))

    assert isinstance(back, Run)
    assert isinstance(back.orders[0], Order)


@given(st.binary())
def test_garbage_is_a_frame_error_and_never_worse(garbage: bytes) -> None:
    try:
        decode(garbage)
    except FrameError as error:
        assert str(error).startswith("A frame between worker and runner cannot be read: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["s", "f", "z", "i", "h", "x", "k"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def raw(kind: bytes, header: Any, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return kind + struct.pack("!I", len(text)) + text + data


@given(st.sampled_from([b"r", b"c", b"l", b"y", b"b", b"e", b"s", b"x"]), JSON, st.binary())
def test_a_header_that_says_nonsense_is_a_frame_error_and_never_worse(kind: bytes, header: Any, data: bytes) -> None:
    try:
        frame = decode(raw(kind, header, data))
    except FrameError:
        return
    assert decode(body(frame)) == frame


@pytest.mark.parametrize(
    ("garbage", "why"),
    [
        (b"", "unpack_from requires a buffer of at least 5 bytes for unpacking 5 bytes at offset 0 (actual buffer size is 0)"),
        (b"y\x00\x00\x00\x09null", "it ends inside its header"),
        (raw(b"x", None), "no frame of the kind b'x' has such a header"),
        (raw(b"r", [[0, "id", "task", 1, None, None, 1, None, False, 3]], b"{}"), "it ends inside its data"),
        (raw(b"r", [[0, "id", "task", 1, None, None, 1, None, False, -1]], b"{}"), "it ends inside its data"),
        (raw(b"r", [[0, "id", "task", 1, None, None, 1, None, False, 1]], b"{}"), "1 bytes are left over"),
        (raw(b"y", None, b"x"), "1 bytes are left over"),
        (raw(b"e", [[0, "q"]]), "no outcome looks like ['q']"),
        (raw(b"e", [[0, "k", "revoked"]]), "no outcome looks like [0, 'k', 'revoked']"),
        (raw(b"s", [["h", "receipt"]]), "nothing that becomes of a job looks like ['h', 'receipt']"),
        (raw(b"l", [["id", 1]]), "no question looks like ['id', 1]"),
        (raw(b"e", [[0, "f", "error", 1]]), "no outcome looks like ['f', 'error', 1]"),
        (
            raw(b"r", [[float("inf"), "id", "task", 1, None, None, 1, None, False, 0]]),
            "no order looks like [inf, 'id', 'task', 1, None, None, 1, None, False, 0]",
        ),
        (
            raw(b"r", [[1, 2, "task", 1, None, None, 1, None, False, 0]]),
            "no order looks like [1, 2, 'task', 1, None, None, 1, None, False, 0]",
        ),
        (raw(b"r", [3]), "cannot unpack non-iterable int object"),
        (raw(b"r", 3), "no frame of the kind b'r' has such a header"),
        (raw(b"b", ["text"]), "no frame of the kind b'b' has such a header"),
        (raw(b"y", "text"), "no frame of the kind b'y' has such a header"),
        (raw(b"e", ["f"]), "no outcome looks like 'f'"),
    ],
)
def test_what_no_encoder_writes_is_a_frame_error(garbage: bytes, why: str) -> None:
    with pytest.raises(FrameError) as error:
        decode(garbage)

    assert str(error.value) == f"A frame between worker and runner cannot be read: {why}."


def test_a_header_that_nests_too_deeply_is_a_frame_error() -> None:
    text = b"[" * 100_000
    with pytest.raises(FrameError):
        decode(b"r" + struct.pack("!I", len(text)) + text)


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(0, 10_000)))
def test_a_stream_may_come_in_any_pieces(frames: list[Frame], cuts: list[int]) -> None:
    splitter = Splitter()
    stream = b"".join(map(encode, frames))

    assert [frame for piece in pieces(stream, cuts) for frame in splitter.feed(piece)] == frames


@given(FRAMES)
def test_a_frame_is_there_with_its_last_byte_and_not_before(frame: Frame) -> None:
    splitter = Splitter()
    data = encode(frame)

    assert [list(splitter.feed(data[index : index + 1])) for index in range(len(data))] == [
        *[[] for _ in data[1:]],
        [frame],
    ]


@given(st.lists(FRAMES, max_size=3), st.binary(min_size=1), st.lists(st.integers(0, 10_000)))
def test_a_stream_of_garbage_is_a_frame_error_and_never_worse(frames: list[Frame], garbage: bytes, cuts: list[int]) -> None:
    splitter = Splitter()
    seen: list[Frame] = []
    try:
        for piece in pieces(b"".join(map(encode, frames)) + garbage, cuts):
            seen.extend(splitter.feed(piece))
    except FrameError:
        pass

    assert seen[: len(frames)] == frames


def test_a_frame_that_claims_to_be_too_long_is_refused_before_it_is_kept() -> None:
    with pytest.raises(FrameError, match=f"it claims to be {LONGEST + 1} bytes long"):
        list(Splitter().feed(struct.pack("!I", LONGEST + 1)))


def test_frames_that_were_read_are_not_read_again() -> None:
    splitter = Splitter()
    first, second = encode(Ready()), encode(Broken("x"))

    assert next(splitter.feed(first + second)) == Ready()
    assert list(splitter.feed(b"")) == [Broken("x")]
