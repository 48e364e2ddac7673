"""`python -m afterword.embedded LAUNCH`: started by an application's process, of no use to anybody else."""

import sys
from contextlib import suppress

from afterword.launch import Launch
from afterword.worker.recruit import recruit


def main(told: str) -> int:
    launch = Launch.load(told)
    begun = None
    with suppress(OSError):  # For lack of memory, say: then the pool tries it, again and again.
        begun = recruit(launch.app, launch.path)
    from afterword.embedded.serving import serve  # Here: it takes a while, and so does what the recruit imports meanwhile.

    return serve(launch, begun=begun)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
