"""What the demo shows with an engine, and in which order."""

import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from afterword.demo.engines import Engine
from afterword.demo.failure import PATIENCE
from afterword.demo.ledger import KINDS
from afterword.demo.plot import Plot
from afterword.demo.show import Show
from afterword.demo.story import OURS, STOCK_PATIENCE, play, verdict
from afterword.demo.team import Team, at_work, free_port

CUSTOMERS = 80
WAITING = 100
"""Tasks that must be waiting when everything is killed."""


def tell(show: Show, engine: Engine) -> bool:
    """Whether afterword lost nothing. Leaves nothing behind, and works in a temporary folder alone. Raises DemoFailed."""
    port = free_port()

    def company(folder: Path, environment: Mapping[str, str]) -> AbstractContextManager[Team]:
        return at_work(engine, folder, port, environment)

    with tempfile.TemporaryDirectory(prefix="afterword-demo-") as name:
        folder = Path(name).resolve()
        show.title(
            f"1. afterword hands off to {engine.title}: {CUSTOMERS} customers, {len(KINDS)} tasks each; "
            f"all killed while at least {WAITING} tasks wait"
        )
        show.say(f"{engine.title}'s workers run them. Everything is killed, also Valkey, which keeps nothing on disk.")
        handed = play(show, folder / "ours", plot(engine, port), company=company)
        show.title(f"2. The same with {engine.call}, called in the endpoint")
        called = play(show, folder / "direct", directly(engine, port), company=company)
    show.conclude({f"{OURS}, then {engine.title}": handed, engine.call: called})
    show.say(f"\n{verdict(handed)}")
    return handed.lost == 0


def plot(engine: Engine, port: int) -> Plot:
    """Handed off to a server at this port."""
    return Plot(
        waiting=WAITING,
        patience=PATIENCE,
        customers=CUSTOMERS,
        more=40,
        first=100,
        late=10,
        application=engine.application,
        variables={"REDIS_URL": f"redis://127.0.0.1:{port}/0"},
    )


def directly(engine: Engine, port: int) -> Plot:
    """The same without afterword; what the engine has lost is waited for only so long."""
    same = plot(engine, port)
    variables = {**same.variables, "AFTERWORD_WORKER": "off"}
    return replace(same, waiting=0, patience=STOCK_PATIENCE, door="/direct", variables=variables)
