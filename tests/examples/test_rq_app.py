"""What a team's RQ workers ran is written down here, whoever's task it was."""

from collections.abc import Iterator

import pytest

from tests.examples.handed_off import ended, place_order
from tests.examples.stock import EXAMPLES
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey
from tests.system.site import Site

pytestmark = pytest.mark.process


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    with valkey() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
        yield server


def test_rq_runs_the_tasks_of_an_order(site: Site, broker: Valkey) -> None:
    place_order(site, "rq_app:app", 7)

    _, log = site.run("-m", "rq.cli", "worker", "--config", "rq_app", "default", "heavy")

    assert ended(site, 3) == {
        "rq_app.reserve": ("succeeded", b'"goods of order 7"'),
        "rq_app:write_invoice": ("succeeded", b'"invoice-7.pdf"'),
        "rq_app:recommend": ("succeeded", b'["tea"]'),
    }
    wait_until(lambda: log.read_text().count("Job OK") == 3, "RQ's own word for it")
