"""A pipe that nobody reads holds up nobody who logs."""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator

import pytest

from afterword.telemetry import outlet
from afterword.telemetry.outlet import Outlet

LINE = "x" * 4095


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """One that takes a page, which is one line."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    os.close(writing)


def log(handler: Outlet, text: str) -> None:
    handler.handle(logging.LogRecord("afterword", logging.WARNING, __file__, 1, text, (), None))


def read_lines(descriptor: int, count: int) -> list[str]:
    with os.fdopen(descriptor, "r") as stream:
        return [stream.readline().rstrip("\n") for _ in range(count)]


def test_lines_arrive_in_order(pipe: tuple[int, int]) -> None:
    handler = Outlet(pipe[1])
    for number in range(3):
        log(handler, f"line {number}")
    handler.flush()
    assert read_lines(pipe[0], 3) == ["line 0", "line 1", "line 2"]


def test_nobody_waits_for_a_full_pipe_and_what_is_left_out_is_said(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "MOST", 5)
    monkeypatch.setattr(outlet, "PATIENCE", 0.1)
    handler = Outlet(pipe[1])
    log(handler, LINE)
    handler.flush()  # The pipe is full.
    for number in range(8):
        log(handler, f"line {number}")
    handler.flush()
    rest: list[str] = []
    reader = threading.Thread(target=lambda: rest.extend(read_lines(pipe[0], 8)))
    reader.start()
    while handler.waits:
        handler.flush()
    log(handler, "the last")
    reader.join(30)
    assert rest == [
        LINE,
        *(f"line {number}" for number in range(5)),
        "(3 lines were left out, since nobody read them)",
        "the last",
    ]


@pytest.mark.filterwarnings("error")
def test_a_pipe_whose_reader_is_gone_swallows_what_is_said(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    handler = Outlet(pipe[1])
    log(handler, "to nobody")
    while handler.waits:
        handler.flush()


def test_a_pipe_that_does_not_block_is_waited_for(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    handler = Outlet(pipe[1])
    log(handler, LINE)
    log(handler, "after it")
    assert read_lines(pipe[0], 2) == [LINE, "after it"]
