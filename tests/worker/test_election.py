"""Who keeps the worker."""

import subprocess
import sys
from pathlib import Path

import pytest

from afterword.worker.election import Election


def test_one_of_two_candidates_wins_and_the_other_follows(tmp_path: Path) -> None:
    first, second = Election(tmp_path, "main:app"), Election(tmp_path, "main:app")
    assert first.win()
    assert first.win()
    assert not second.win()
    first.leave()
    assert second.win()
    second.leave()


def test_applications_have_elections_of_their_own(tmp_path: Path) -> None:
    first, second = Election(tmp_path, "main:app"), Election(tmp_path, "other:app")
    assert first.win()
    assert second.win()
    first.leave()
    second.leave()


HOLDER = """
import sys
from pathlib import Path
from afterword.worker.election import Election
print(Election(Path(sys.argv[1]), "main:app").win(), flush=True)
sys.stdin.read()
"""


@pytest.mark.process
def test_a_killed_holder_gives_up_the_post(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdin
    assert holder.stdout.readline() == "True\n"
    candidate = Election(tmp_path, "main:app")
    assert not candidate.win()
    assert not candidate.win()
    holder.kill()
    holder.wait()
    assert candidate.win()
    candidate.leave()
    holder.stdin.close()
    holder.stdout.close()
