"""An example as it would be with FastAPI alone."""

from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"


def stock(name: str) -> ModuleType:
    """The example of that name without its two lines, imported. AssertionError when other lines than two are afterword's."""
    instead = {"from afterword import Afterword, BackgroundTasks": "from fastapi import BackgroundTasks", "Afterword(app)": ""}
    lines = (EXAMPLES / f"{name}.py").read_text().splitlines()
    assert [line for line in lines if line in instead] == list(instead)

    module = ModuleType(f"stock_{name}")
    exec(compile("\n".join(instead.get(line, line) for line in lines), f"stock_{name}.py", "exec"), module.__dict__)
    return module
