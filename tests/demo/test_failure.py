"""Where the demo cannot go on, it says why, and leaves nothing."""

from pathlib import Path

import pytest

from afterword.demo import layout, processes
from afterword.demo.act import check
from afterword.demo.failure import DemoFailed, wait_until
from afterword.demo.load import add
from afterword.demo.server import environment, uvicorn
from tests.support.processes import free_port


def test_what_does_not_happen_is_not_waited_for_for_ever() -> None:
    with pytest.raises(DemoFailed) as failed:
        wait_until(lambda: False, "rain", patience=0.0)

    assert str(failed.value) == "The demo cannot go on: waited 0 s in vain for rain."


def test_with_too_few_tasks_waiting_there_is_nothing_to_see() -> None:
    check(500, least=500)

    with pytest.raises(DemoFailed) as failed:
        check(499, least=500)

    assert (
        str(failed.value) == "The demo cannot go on: 499 tasks were waiting, not 500: this machine is too quick for its load."
    )


def test_a_server_that_is_not_there() -> None:
    address = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(DemoFailed) as failed:
        add(address, [1], set(), lambda: None)

    assert str(failed.value).startswith(f"The demo cannot go on: {address} did not answer: ")


@pytest.mark.process
def test_a_server_that_does_not_start(tmp_path: Path) -> None:
    (tmp_path / f"{layout.APPLICATION}.py").write_text("raise RuntimeError('no {braces} today')")

    with pytest.raises(DemoFailed) as failed, uvicorn(tmp_path, layout.APPLICATION, environment(25)):
        pass

    assert str(failed.value).startswith("The demo cannot go on: uvicorn did not start. The server's last words:\n")
    assert "no {braces} today" in str(failed.value)
    assert processes.living_in(tmp_path) == []
