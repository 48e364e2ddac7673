"""`python -m afterword.runner.asked LAUNCH`: a runner that first says what its worker is to know; only the application can.

Whoever starts a worker by hand asks so, since the worker never imports the application. That the same process goes on as the
first runner spares the first job a second import.
"""

import os
import socket
import sys

from afterword.discovery import attached, load, made
from afterword.errors import AfterwordError, NotAttached
from afterword.launch import RUNNER, Launch, RunnerLaunch, command, say
from afterword.runner import main as runner
from afterword.tasks.registry import Registry


def main(told: str) -> int:
    launch = RunnerLaunch.load(told)
    pipe = runner.begin(launch)
    sys.path[:0] = launch.path
    try:
        loaded = load(launch.app)
        application = made(loaded)
        found = attached(application)
        if found is None:
            raise NotAttached
        wanted: Launch = found.launch()
    except AfterwordError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    say(pipe, wanted.dump())
    if application is not loaded or wanted.app != launch.app:
        # A runner calls no factory, and imports the application by the name that all its processes know: begin again.
        if pipe.recv(1, socket.MSG_PEEK):
            pipe.set_inheritable(True)
            os.execv(sys.executable, command(RUNNER, launch._replace(app=wanted.app, path=wanted.path)))
        return 0  # No post follows: somebody only wanted to know.
    runner.give_way()  # Only now: until here somebody waits.
    runner.go_on(loaded, Registry(loaded.root), pipe)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
