"""What was set, as far as it can be told without the application, and what follows from the choice of a store."""

import os
from collections.abc import Mapping

from afterword import settings
from afterword.doctor.finding import Finding, Level
from afterword.errors import SettingsError
from afterword.settings import Settings
from afterword.stores.url import INLINE, INLINE_STRICT

CORRECT = "Correct them where Afterword(app) is called, or in the environment."

_DURABLE = 'To have tasks written down, leave store and AFTERWORD_STORE out, or give "sqlite:///afterword.db".'

_OF_ONE_PROCESS = {
    INLINE: "tasks run in the application's own process, as FastAPI runs them, and are lost when it ends",
    INLINE_STRICT: "tasks run in the application's own process and are lost when it ends, but what could not be written down is"
    " refused",
    "memory": "jobs rest in the memory of one process, which no worker can see, and are lost when it ends",
}


def read(environment: Mapping[str, str] = os.environ) -> tuple[Settings, list[Finding]]:
    """The settings that the environment makes, or what can be used of them."""
    try:
        return settings.read({}, environment), []
    except SettingsError as error:
        return _usable(environment), [refused(error)]


def refused(error: SettingsError) -> Finding:
    text = str(error)
    return Finding(Level.FAULT, text if text.endswith("?") else f"{text}.", CORRECT)


def store(url: str) -> Finding | None:
    """What it means that no other process can reach this store; None for one that others can."""
    meaning = _OF_ONE_PROCESS.get(url)
    return Finding(Level.NOTE, f"The store is {url}: {meaning}.", _DURABLE) if meaning else None


def _usable(environment: Mapping[str, str]) -> Settings:
    """Those that say where to look."""
    given = {"store": environment.get("AFTERWORD_STORE"), "application": environment.get("AFTERWORD_APP")}
    try:
        return settings.read(given, {})
    except SettingsError:
        return Settings()
