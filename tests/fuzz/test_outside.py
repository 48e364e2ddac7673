"""What people write, in URLs, arguments and variables: it is understood, or refused by an error that has a name."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.clock import SystemClock
from afterword.errors import AfterwordError, SettingsError, StoreNotShared, StoreUrlError
from afterword.events import nobody
from afterword.settings import Settings, read
from afterword.stores.url import absolute, open_store, shared, sqlite_path

WORDS = st.text(max_size=40)  # Lone surrogates and NUL too: so come variables that are no UTF-8.
URLS = WORDS | st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["sqlite:///", "sqlite:////", "sqlite://", "SQLITE:///", "memory", "inline", "file:", ""]),
        st.lists(
            st.sampled_from(["a", "/", "..", "?", "#", "%20", ":memory:", "\0", "\udcff", " ", "ü", "\n"]), max_size=6
        ).map("".join),
    ),
)
NAMES = list(Settings.__dataclass_fields__)
VARIABLES = ["AFTERWORD_APP" if name == "application" else f"AFTERWORD_{name.upper()}" for name in NAMES]
VALUES = (
    WORDS
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.binary(max_size=5)
    | st.lists(st.integers(), max_size=2)
    | st.decimals()
    | st.complex_numbers()
    | st.sampled_from(["9" * 5000, "1e999", "-0", "٣", " 7 ", "1_000", "0x10", "on ", "main:app", object()])
)


@pytest.mark.parametrize("ask", [absolute, shared, sqlite_path])
@given(url=URLS)
def test_a_url_names_a_store_or_is_refused(ask: Callable[[str], Any], url: str) -> None:
    try:
        found = str(ask(url))
    except (StoreUrlError, StoreNotShared) as error:
        assert repr(url) in str(error)
    else:
        assert found == url or ask(found if found.startswith("sqlite") else f"sqlite:///{found}") is not None


@given(url=URLS)
def test_a_store_of_any_url_opens_or_says_why_not(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with suppress(AfterwordError):
            path = url == "memory" or sqlite_path(url)
            if isinstance(path, Path) and not os.path.normpath(path).startswith(f"{folder}/"):
                return  # Nothing is made elsewhere.
            store = open_store(url, clock=SystemClock(), tell=nobody)
            try:
                store.open()
                assert store.count().result(30.0) is not None
            finally:
                store.close()


@given(
    arguments=st.dictionaries(st.sampled_from(NAMES), VALUES), environment=st.dictionaries(st.sampled_from(VARIABLES), WORDS)
)
def test_settings_are_read_or_refused(arguments: dict[str, Any], environment: dict[str, str]) -> None:
    try:
        chosen = read(arguments, environment)
    except SettingsError as error:
        assert str(error).startswith("These settings cannot be used: ")
    else:
        assert isinstance(chosen, Settings)
        assert chosen.runners >= 0 and chosen.concurrency >= 1 and chosen.drain >= 0 and chosen.max_arguments >= 2


@given(environment=st.dictionaries(WORDS.map(lambda word: f"AFTERWORD_{word}"), WORDS, max_size=4))
def test_variables_of_any_name_are_known_or_refused(environment: dict[str, str]) -> None:
    with suppress(SettingsError):
        assert isinstance(read({}, environment), Settings)
