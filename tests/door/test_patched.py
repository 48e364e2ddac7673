"""`BackgroundTasks` in the hands of tests: patched, imitated, asked whether it is one."""

import copy
import typing
from typing import Annotated, Any, get_args, get_origin
from unittest.mock import ANY, Mock, create_autospec, patch

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from afterword import BackgroundTasks, Tasks
from afterword.fastapi import annotation
from afterword.fastapi.annotation import annotated
from tests.door.watched import Watched
from tests.door.work import work

ORIGINAL = Tasks.__dict__["add_task"]


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    return TestClient(app)


@pytest.fixture(autouse=True)
def _nothing_stays() -> typing.Iterator[None]:
    yield
    assert Tasks.__dict__["add_task"] is ORIGINAL
    assert BackgroundTasks.add_task is ORIGINAL


def test_a_patch_catches_calls_and_goes_without_a_trace(client: TestClient, store: Watched) -> None:
    with patch.object(BackgroundTasks, "add_task") as added:
        client.post("/").raise_for_status()
        assert BackgroundTasks.add_task is added
    added.assert_called_once_with(work, "a")
    assert store.adds == []

    client.post("/").raise_for_status()
    assert len(store.adds) == 1


def test_a_patch_by_name_and_by_signature(client: TestClient) -> None:
    with patch("afterword.BackgroundTasks.add_task", autospec=True) as added:
        client.post("/").raise_for_status()
    added.assert_called_once_with(ANY, work, "a")


def test_the_patch_of_an_attribute_that_its_class_inherits() -> None:
    class Mine(Tasks): ...

    with patch.object(annotated(Mine, "metadata"), "add_task"):
        assert "add_task" in vars(Mine)
    assert "add_task" not in vars(Mine)


def test_monkeypatch(client: TestClient) -> None:
    added: list[Any] = []
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(BackgroundTasks, "add_task", lambda self, *call: added.append(call))
        client.post("/").raise_for_status()
    with pytest.MonkeyPatch.context() as patching:
        patching.delattr(BackgroundTasks, "add_task")
        assert not hasattr(Tasks, "add_task")

    assert added == [(work, "a")]


def test_class_methods_stay_what_they_are() -> None:
    before = vars(Tasks)["of"]
    with patch.object(BackgroundTasks, "of"):
        pass
    assert vars(Tasks)["of"] is before


@pytest.mark.parametrize("imitate", [lambda spec: Mock(spec=spec), create_autospec])
def test_imitations(imitate: Any) -> None:
    imitation = imitate(BackgroundTasks)
    imitation.add_task(work, "a")
    imitation.add_task.assert_called_once_with(work, "a")
    with pytest.raises(AttributeError):
        imitation.add_job  # noqa: B018


def test_it_answers_as_its_class_does() -> None:
    class Mine(BackgroundTasks): ...

    assert isinstance(BackgroundTasks(), BackgroundTasks)
    assert isinstance(Mine(), BackgroundTasks)
    assert issubclass(Mine, BackgroundTasks)
    assert not isinstance(1, BackgroundTasks)
    assert not hasattr(BackgroundTasks, "add_job")


def test_it_is_an_annotation_like_any_other() -> None:
    made, plain = annotated(Tasks, "metadata"), Annotated[Tasks, "metadata"]

    def takes(tasks: made) -> None: ...  # type: ignore[valid-type]

    assert made == plain
    assert hash(made) == hash(plain)
    assert repr(made) == repr(plain)
    assert copy.deepcopy(made) == made
    assert (get_origin(made), get_args(made)) == (Annotated, (Tasks, "metadata"))
    assert get_args(Annotated[made, "more"]) == (Tasks, "metadata", "more")
    assert typing.get_type_hints(takes) == {"tasks": Tasks, "return": type(None)}
    assert typing.get_type_hints(takes, include_extras=True)["tasks"] == made


def _cannot_be_built_upon(**options: Any) -> None:
    raise TypeError


class _OfAnotherKind:
    def __init_subclass__(cls, **options: Any) -> None: ...

    def __init__(self, *parts: Any) -> None: ...


@pytest.mark.parametrize("alias", [_cannot_be_built_upon, bool, _OfAnotherKind])
def test_where_python_makes_its_annotations_otherwise_it_is_a_plain_one(monkeypatch: pytest.MonkeyPatch, alias: Any) -> None:
    monkeypatch.setattr(annotation, "_Alias", alias)

    assert type(annotated(Tasks, "metadata")) is type(Annotated[Tasks, "metadata"])
    assert annotated(Tasks, "metadata") == Annotated[Tasks, "metadata"]
