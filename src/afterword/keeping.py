"""What goes on beside an application: one of its processes keeps its worker, or hands its jobs off.

`folder` holds the lock by which they elect it.
"""

from pathlib import Path

from afterword.clock import SystemClock
from afterword.events import Tell
from afterword.handoff.desk import Desk
from afterword.handoff.known import Known
from afterword.launch import Launch
from afterword.stores.store import Store
from afterword.worker.election import Election
from afterword.worker.keeper import Keeper
from afterword.worker.outbox import Outbox


def keeper(store: Store, launch: Launch, folder: Path, tell: Tell) -> Keeper:
    return Keeper(store, launch, Election(folder, launch.app), tell)


def outbox(store: Store, launch: Launch, folder: Path, engines: Known, tell: Tell) -> Outbox:
    clock = SystemClock()
    desk = Desk(launch.app, engines, clock)
    return Outbox(store, launch, Election(folder, launch.app), desk.submit, desk.look, clock, tell)
