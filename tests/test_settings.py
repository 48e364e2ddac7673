"""Settings: an argument, else a variable, else the default; all faults at once."""

import logging
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from afterword.errors import SettingsError
from afterword.settings import Settings, read


def refusal(arguments: dict[str, Any], environment: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        read(arguments, environment or {})
    return str(refused.value)


def test_nothing_said_leaves_the_defaults() -> None:
    assert read({}, {}) == Settings()
    assert read(dict.fromkeys(field.name for field in fields(Settings)), {}) == Settings()


def test_everything_can_be_said_by_variable() -> None:
    environment = {
        "AFTERWORD_STORE": "memory",
        "AFTERWORD_APP": "shop.main:app",
        "AFTERWORD_WORKER": "off",
        "AFTERWORD_RUNNERS": "3",
        "AFTERWORD_CONCURRENCY": "4",
        "AFTERWORD_DRAIN": "1.5",
        "AFTERWORD_MAX_QUEUED": "5",
        "AFTERWORD_MAX_ARGUMENTS": "600",
        "AFTERWORD_KEEP": "0",
    }

    assert read({}, environment) == Settings("memory", "shop.main:app", False, 3, 4, 1.5, 5, 600, 0.0)
    assert len(environment) == len(fields(Settings))


def test_an_argument_wins_over_a_variable() -> None:
    environment = {"AFTERWORD_STORE": "memory", "AFTERWORD_WORKER": "on", "AFTERWORD_RUNNERS": "3"}

    chosen = read({"store": "inline", "worker": False, "runners": 0}, environment)

    assert (chosen.store, chosen.worker, chosen.runners) == ("inline", False, 0)


def test_a_bad_variable_does_no_harm_where_an_argument_wins() -> None:
    assert read({"runners": 2}, {"AFTERWORD_RUNNERS": "many"}).runners == 2


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_CONCURRENCY", "7")

    assert read({}).concurrency == 7


def test_all_faults_are_told_at_once() -> None:
    arguments = {"store": "", "application": "main", "worker": "perhaps", "runners": -1, "concurrency": 0, "drain": -0.5}
    environment = {"AFTERWORD_MAX_QUEUED": "1.5", "AFTERWORD_MAX_ARGUMENTS": "lots", "AFTERWORD_KEEP": "nan"}

    assert refusal(arguments, environment) == (
        "These settings cannot be used:"
        " store='' must be a text that is not empty;"
        " application='main' must look like \"main:app\";"
        " worker='perhaps' must be on, off or \"handoff\";"
        " runners=-1 must be a whole number, at least 0;"
        " concurrency=0 must be a whole number, at least 1;"
        " drain=-0.5 must be a number of seconds, at least 0;"
        " AFTERWORD_MAX_QUEUED='1.5' must be a whole number, at least 1;"
        " AFTERWORD_MAX_ARGUMENTS='lots' must be a whole number of bytes, at least 2;"
        " AFTERWORD_KEEP='nan' must be a number of seconds, at least 0"
    )


@pytest.mark.parametrize("word", ["1", "true", "True", "ON", "yes"])
def test_words_for_on(word: str) -> None:
    assert read({}, {"AFTERWORD_WORKER": word}).worker is True


@pytest.mark.parametrize("word", ["0", "false", "False", "OFF", "no"])
def test_words_for_off(word: str) -> None:
    assert read({}, {"AFTERWORD_WORKER": word}).worker is False


@pytest.mark.parametrize("name", ["main:app", "shop.web.main:app", "main:web.app", "main:create_app"])
def test_names_of_applications(name: str) -> None:
    assert read({"application": name}, {}).application == name


@pytest.mark.parametrize("name", ["main", "main:", ":app", "shop/main:app", "main:app()", "a b:c", ".m:a", 3])
def test_what_names_no_application(name: Any) -> None:
    assert refusal({"application": name}).startswith(f"These settings cannot be used: application={name!r} must ")


@pytest.mark.parametrize("name", ["runners", "concurrency", "max_queued", "max_arguments"])
@pytest.mark.parametrize("value", [True, 2.5, "2.5", "x", "", [], float("inf"), float("nan"), "9" * 5000])
def test_what_is_no_whole_number(name: str, value: Any) -> None:
    unit = " of bytes" if name == "max_arguments" else ""
    assert refusal({name: value}).startswith(
        f"These settings cannot be used: {name}={value!r} must be a whole number{unit}, at least "
    )


@pytest.mark.parametrize("name", ["drain", "keep"])
@pytest.mark.parametrize("value", [True, "x", "", [], float("inf"), "inf", "1e999", -1])
def test_what_is_no_number(name: str, value: Any) -> None:
    assert refusal({name: value}) == f"These settings cannot be used: {name}={value!r} must be a number of seconds, at least 0"


def test_whole_numbers_may_be_written_as_floats() -> None:
    assert read({"runners": 2.0, "drain": 3}, {}).runners == 2


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().store = "memory"  # type: ignore[misc]


def test_a_variable_that_is_misspelt_is_a_fault_and_one_of_our_tests_is_not() -> None:
    with pytest.raises(SettingsError) as refusal:
        read({}, {"AFTERWORD_WORKERS": "off", "AFTERWORD_KEP": "1", "AFTERWORD_TEST_CHROMIUM": "/usr/bin/chromium"})
    assert str(refusal.value) == (
        "These settings cannot be used: AFTERWORD_KEP is no setting, did you mean AFTERWORD_KEEP?;"
        " AFTERWORD_WORKERS is no setting, did you mean AFTERWORD_WORKER?"
    )


def test_a_variable_that_resembles_no_setting_is_told_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    assert read({}, {"AFTERWORD_XYZZY": "1", "AFTERWORD_TEST_CHROMIUM": "/usr/bin/chromium"}) == Settings()
    assert caplog.record_tuples == [("afterword", logging.WARNING, "AFTERWORD_XYZZY is no setting: it is ignored.")]
