"""What the configuration of pytest may say about the store."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.process
@pytest.mark.parametrize("said", ["bogus", "postgresql://there"])
def test_what_names_no_store_is_refused_at_once(tmp_path: Path, said: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nafterword_store = {said}\n")

    told = subprocess.run([sys.executable, "-m", "pytest"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert told.returncode == 4
    assert told.stderr == (
        f"ERROR: afterword_store = {said} names no store: say inline, inline-strict, default, memory or sqlite:///PATH.\n\n"
    )
