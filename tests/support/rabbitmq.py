"""A real RabbitMQ in a folder of its own, where Debian's package is installed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import free_port, listens, wait_until

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class RabbitMQ:
    """What is durable in it is there again when it is started again."""

    def __init__(self, folder: Path) -> None:
        self.port, self._erlang, self._names = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._folder = folder
        self._environment = {
            **os.environ,
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"afterword{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._erlang),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "rabbitmq.log").open("ab") as output:
            self._process = subprocess.Popen(
                [SERVER], env=self._environment, stdout=output, stderr=output, start_new_session=True
            )
        wait_until(lambda: listens(self.port), "RabbitMQ", 60)

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)  # The command is a script that starts the server.
            self._process.wait()
            wait_until(lambda: not listens(self.port), "the end of RabbitMQ")
            self._process = None

    def close(self) -> None:
        """It, and the name server that it has started."""
        self.kill()
        subprocess.run(["epmd", "-kill"], env=self._environment, capture_output=True, check=False)


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    folder.mkdir()
    server = RabbitMQ(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()
