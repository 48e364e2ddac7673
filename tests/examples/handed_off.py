"""Serving an example that hands its tasks off, and what became of these."""

import httpx

from afterword.stores.store import Query
from tests.examples.stock import EXAMPLES
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Site

Ends = dict[str, tuple[str, bytes | None]]


def place_order(site: Site, app: str, number: int) -> None:
    """To be followed by `ended`, while something runs its tasks."""
    server = site.serve(app, "--app-dir", str(EXAMPLES))
    assert httpx.post(f"{server.address}/orders/{number}").status_code == 202


def ended(site: Site, count: int) -> Ends:
    """State and result of each task, once so many have ended."""

    def found() -> Ends:
        with site.store() as store:
            jobs = store.find(Query()).result(PATIENCE)
        return {job.task: (job.state.word, job.result) for job in jobs if job.state.finished}

    wait_until(lambda: len(found()) == count, f"the end of {count} jobs")
    return found()
