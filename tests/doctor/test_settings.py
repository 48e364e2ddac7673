"""What was set, without the application."""

import pytest

from afterword.doctor import settings
from afterword.doctor.finding import Finding, Level
from afterword.settings import Settings


def test_all_faults_at_once_and_what_can_be_used_is() -> None:
    read, found = settings.read({"AFTERWORD_STORE": "memory", "AFTERWORD_KEEP": "soon", "AFTERWORD_STOR": "x"})
    assert read == Settings(store="memory")
    assert found == [
        Finding(
            Level.FAULT,
            "These settings cannot be used: AFTERWORD_KEEP='soon' must be a number of seconds, at least 0; AFTERWORD_STOR is"
            " no setting, did you mean AFTERWORD_STORE?",
            "Correct them where Afterword(app) is called, or in the environment.",
        )
    ]


def test_nothing_can_be_used() -> None:
    read, found = settings.read({"AFTERWORD_STORE": ""})
    assert read == Settings()
    assert [finding.level for finding in found] == [Level.FAULT]


def test_no_faults() -> None:
    assert settings.read({}) == (Settings(), [])


@pytest.mark.parametrize(
    ("url", "meaning"),
    [
        ("inline", "tasks run in the application's own process, as FastAPI runs them, and are lost when it ends"),
        (
            "inline-strict",
            "tasks run in the application's own process and are lost when it ends, but what could not be written down is"
            " refused",
        ),
        ("memory", "jobs rest in the memory of one process, which no worker can see, and are lost when it ends"),
    ],
)
def test_what_a_store_of_one_process_means(url: str, meaning: str) -> None:
    assert settings.store(url) == Finding(
        Level.NOTE,
        f"The store is {url}: {meaning}.",
        'To have tasks written down, leave store and AFTERWORD_STORE out, or give "sqlite:///afterword.db".',
    )


def test_a_file_means_nothing_special() -> None:
    assert settings.store("sqlite:///afterword.db") is None
