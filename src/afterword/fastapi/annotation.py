"""`BackgroundTasks` as an annotation that FastAPI resolves, and as the class that tests patch and code asks about."""

from typing import Annotated, Any, get_args, get_origin

_Alias: Any = type(Annotated[int, None])


def annotated(origin: type, metadata: Any) -> Any:
    """`Annotated[origin, metadata]` that is also good for isinstance, issubclass, and for patching an attribute of `origin`.

    Where a Python makes its annotations of something that cannot be built upon so, it is the plain annotation.
    """
    try:
        made = _class()(origin, (metadata,))
        known = get_origin(made) is Annotated and get_args(made) == (origin, metadata)
    except Exception:
        known = False
    return made if known else Annotated[origin, metadata]


def _class() -> Any:
    class Door(_Alias, _root=True):  # type: ignore[misc, call-arg]  # Of a class that `typing` keeps to itself.
        # Reading, setting and looking up an attribute all lead to the origin. An alias does it for the first two, so that what
        # a mock has put into the class would stay there: it looks here whether the class had that attribute before.
        @property
        def __dict__(self) -> Any:  # type: ignore[override]  # A property, where others have an attribute.
            return self.__origin__.__dict__

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return getattr(self.__origin__, name)

        def __delattr__(self, name: str) -> None:
            delattr(self.__origin__, name)

        def __instancecheck__(self, instance: Any) -> bool:
            return isinstance(instance, self.__origin__)

        def __subclasscheck__(self, kind: Any) -> bool:
            return issubclass(kind, self.__origin__)

    return Door
