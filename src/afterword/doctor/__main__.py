"""`python -m afterword.doctor ASKED`: imports an application, examines it, and says its findings in its last line.

A process of its own, since the application's code runs in it.
"""

import json
import os
import sys

from afterword.doctor.examination import Asked, examine
from afterword.doctor.finding import dump


def main(asked: str) -> None:
    answer = os.dup(1)
    os.dup2(2, 1)  # Whatever the application prints goes there, also what it does not print by way of Python.
    findings = examine(Asked(**json.loads(asked)))
    sys.stdout.flush()
    with os.fdopen(answer, "w", encoding="utf-8") as out:
        out.write(f"{dump(findings)}\n")
    # Threads that the application has started at its import would keep this process, and what it does at its end is not wanted.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
