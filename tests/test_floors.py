"""The floors hold: a file imports only from floors below."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_import_goes_down() -> None:
    linter = shutil.which("lint-imports", path=Path(sys.executable).parent)
    assert linter, "import-linter is not installed beside this Python"

    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_a_worker_process_holds_no_framework() -> None:
    probe = "import sys, afterword.embedded.serving; print({'fastapi', 'pydantic', 'starlette'} & sys.modules.keys())"

    imported = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert imported.stdout == "set()\n"


def test_a_worker_process_begins_to_import_the_application_before_all_else() -> None:
    probe = (
        "import sys; from afterword.embedded import __main__ as it; from afterword.launch import Launch;"
        "it.recruit = lambda *told: sys.exit(str({'asyncio', 'sqlite3'} & sys.modules.keys()));"
        "it.main(Launch('sqlite:///jobs.db', 'main:app', ()).dump())"
    )

    imported = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)

    assert imported.stderr == "set()\n"
