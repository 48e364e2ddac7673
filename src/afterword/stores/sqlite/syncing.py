"""Which commits of a connection wait for the disk."""

from sqlite3 import Connection


class Syncing:
    """For one connection, whose commits wait until it is told otherwise.

    To switch is to compile a statement, which takes nearly a tenth of a millisecond in a process that has slept. So where it is
    known what most likely comes next, it is switched ahead, when nobody waits.
    """

    def __init__(self) -> None:
        self._waits = True

    def switch(self, connection: Connection, waits: bool) -> None:
        """Whether the next commit waits. One that does takes along all that came before it."""
        if self._waits != waits:
            connection.execute(f"PRAGMA synchronous = {'FULL' if waits else 'NORMAL'}")
            self._waits = waits
