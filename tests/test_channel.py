"""Frames through a real socket pair."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from afterword.channel import Channel
from afterword.errors import FrameError
from afterword.frames import Ended, Frame, Order, Ready, Recall, Run
from afterword.jobs.outcome import Failed, Succeeded


class Ear:
    """Collects what a channel says."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.end: asyncio.Future[FrameError | None] = asyncio.get_running_loop().create_future()

    def channel(self, stream: socket.socket) -> Channel:
        return Channel(stream, self.frames.put_nowait, self.end.set_result)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


async def test_frames_arrive_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = Ear(), Ear()
    ours, theirs = left.channel(pair[0]), right.channel(pair[1])
    sent: list[Frame] = [Ready(), Recall(for_good=True), Ended([(1, Succeeded(b"1")), (2, Failed("no", retry=False))])]
    for frame in sent:
        ours.send(frame)
    assert [await right.frames.get() for _ in sent] == sent
    ours.close()
    assert await right.end is None
    theirs.close()


async def test_more_than_the_socket_holds_arrives_all_the_same(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = Ear(), Ear()
    ours = left.channel(pair[0])
    big = Run([Order(0, "id", "task", 1, None, None, bytes(5_000_000))])
    ours.send(big)
    ours.send(Recall(for_good=True))
    theirs = right.channel(pair[1])
    assert await right.frames.get() == big
    assert await right.frames.get() == Recall(for_good=True)
    ours.close()
    theirs.close()


async def test_the_last_words_of_the_dead_are_read(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = Ear(), Ear()
    theirs = right.channel(pair[1])
    ours = left.channel(pair[0])
    ours.send(Ready())
    ours.close()
    theirs.drain()
    assert right.frames.get_nowait() == Ready()
    assert right.end.done()


async def test_garbage_ends_the_channel_with_its_reason(pair: tuple[socket.socket, socket.socket]) -> None:
    right = Ear()
    right.channel(pair[1])
    pair[0].sendall(b"\xff\xff\xff\xffhello")
    error = await right.end
    assert isinstance(error, FrameError)
    assert "4294967295 bytes" in str(error)


async def test_a_frame_that_its_reader_refuses_ends_the_channel(pair: tuple[socket.socket, socket.socket]) -> None:
    end: asyncio.Future[FrameError | None] = asyncio.get_running_loop().create_future()

    def refuse(frame: Frame) -> None:
        raise FrameError(why="not here")

    Channel(pair[1], refuse, end.set_result)
    left = Ear()
    left.channel(pair[0]).send(Ready())
    assert isinstance(await end, FrameError)


async def test_sending_to_the_gone_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    left = Ear()
    ours = left.channel(pair[0])
    pair[1].close()
    ours.send(Ready())
    assert await left.end is None
    ours.send(Ready())
