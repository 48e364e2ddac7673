"""Options that several commands share, each meaning the same everywhere."""

from pathlib import Path
from typing import Annotated

from typer import Option

App = Annotated[
    str | None, Option("--app", help='The application, as "main:app".', show_default="found as fastapi dev finds it")
]
AppDir = Annotated[Path, Option(help="Folder to find it in.")]
StoreUrl = Annotated[
    str | None, Option("--store", help='Where the jobs are, as "sqlite:///afterword.db".', show_default="as the application")
]
Json = Annotated[bool, Option("--json", help="Answer in JSON, for programs.")]
