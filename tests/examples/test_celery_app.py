"""What a team's Celery workers ran is written down here, whoever's task it was."""

from collections.abc import Iterator

import pytest

from tests.examples.handed_off import ended, place_order
from tests.examples.stock import EXAMPLES
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey
from tests.system.site import Site

pytestmark = pytest.mark.process


@pytest.fixture
def broker(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    with valkey() as server:
        monkeypatch.setenv("CELERY_BROKER_URL", server.url)
        monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
        monkeypatch.setenv("TMPDIR", str(site.folder))  # Celery's processes are killed, and leave something there.
        yield server


def test_celery_runs_the_tasks_of_an_order(site: Site, broker: Valkey) -> None:
    place_order(site, "celery_app:app", 7)

    _, log = site.run("-m", "celery", "-A", "celery_app:celery_app", "worker", "--concurrency", "1", "-l", "INFO")

    assert ended(site, 3) == {
        "celery_app.reserve": ("succeeded", b'"goods of order 7"'),
        "celery_app:write_invoice": ("succeeded", b'"invoice-7.pdf"'),
        "celery_app:recommend": ("succeeded", b'["tea"]'),
    }
    wait_until(lambda: log.read_text().count("succeeded in") == 3, "Celery's own word for it")
