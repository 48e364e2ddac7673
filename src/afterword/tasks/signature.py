"""A function's parameters as one typed dictionary: how a call is bound to names, and how names become a call again."""

import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import GenericAlias, NoneType, SimpleNamespace, UnionType
from typing import Any, NamedTuple, NotRequired, cast, get_args, get_origin

import typing_extensions
from pydantic import ConfigDict, TypeAdapter
from pydantic_core import SchemaSerializer, SchemaValidator
from pydantic_core.core_schema import CoreConfig

_MOST_FORMS = 100

SCALARS: frozenset[type] = frozenset({str, int, bool, float, NoneType})
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Parameter(NamedTuple):
    """One parameter, with what its annotation means to us."""

    name: str
    kind: inspect._ParameterKind
    default: Any
    annotation: Any
    """Any where there is none, or none that can be resolved."""
    unknown: str | None = None
    """Why pydantic cannot work with the annotation; None when it can."""

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty and self.kind not in VARIADIC

    @property
    def free(self) -> bool:
        """Whether nothing says what it takes: then only plain JSON values."""
        return self.annotation in (Any, object)


class Parameters:
    """The parameters of one function, and the JSON form of their values."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.signature = signature_of(function)
        self.all = {p.name: _examine(p) for p in _parameters(self.signature, function)}
        self._positional = [p.name for p in self.all.values() if p.kind in POSITIONAL]
        self._by_keyword = frozenset(p.name for p in self.all.values() if p.kind not in (*VARIADIC, POSITIONAL[0]))
        self._required = frozenset(p.name for p in self.all.values() if p.required)
        self._variadic = {p.name: p.kind for p in self.all.values() if p.kind in VARIADIC}
        self._forms: dict[tuple[object, ...], tuple[str, ...]] = {}
        """For the calls seen so far, by how many arguments come by place and which by keyword: the names of all."""
        self._exact = {p.name: _exact(p) for p in self.all.values()}
        schema = _schema(self.all.values())
        self._to_json = SchemaSerializer(schema, _SERIALIZED).to_json
        self._from_json = SchemaValidator(schema, _SERIALIZED).validate_json

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The values by name, those left to their defaults left out. Raises the TypeError of a call that does not fit."""
        form = (len(args), *kwargs)
        names = self._forms.get(form)
        if names is not None:
            return dict(zip(names, (*args, *kwargs.values()), strict=True))
        if len(args) <= len(self._positional) and not self._variadic:
            values = dict(zip(self._positional, args, strict=False))
            if kwargs.keys().isdisjoint(values) and self._by_keyword.issuperset(kwargs):
                values.update(kwargs)
                if self._required.issubset(values):
                    if len(self._forms) < _MOST_FORMS:
                        self._forms[form] = tuple(values)
                    return values
        values = dict(self.signature.bind(*args, **kwargs).arguments)
        for name in self._required - values.keys():  # Python 3.13 misses one by place whose name a keyword has.
            raise TypeError(f"missing a required argument: {name!r}")
        for name, kind in self._variadic.items():
            if kind is inspect.Parameter.VAR_POSITIONAL and name in values:
                values[name] = list(values[name])
        return values

    def unbind(self, values: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call that `bind` took apart. Raises KeyError with the name of a parameter that has neither value nor default."""
        if len(self._by_keyword) == len(self.all) and self._required <= values.keys():
            return (), dict(values)  # Nearly all of them.
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        by_place = any(kind is inspect.Parameter.VAR_POSITIONAL for kind in self._variadic.values())
        for name, parameter in self.all.items():
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                args += values.get(name, ())
            elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
                kwargs |= values.get(name, {})
            elif name not in values and parameter.required:
                raise KeyError(name)
            elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY or (by_place and name in self._positional):
                args.append(values.get(name, parameter.default))
            elif name in values:
                kwargs[name] = values[name]
        return tuple(args), kwargs

    def write(self, values: Mapping[str, Any], *, exclude_unset: bool = False) -> bytes:
        """Bound values as JSON. Raises ValueError, or what a serializer of the user's raises."""
        return self._to_json(values, exclude_unset=exclude_unset, by_alias=False, warnings=False)

    def read(self, data: bytes) -> dict[str, Any]:
        """Bound values from JSON. Raises ValidationError, or what a validator of the user's raises."""
        # Fields of models go by their own names on both ways: an alias may be for one way only.
        values: dict[str, Any] = self._from_json(data, by_alias=False, by_name=True)
        return values

    def scalar(self, values: Mapping[str, Any]) -> bool:
        """Whether each value is a plain scalar of exactly the type annotated: such a value always makes the round trip."""
        exact = self._exact
        for name, value in values.items():  # noqa: SIM110, in half the time of a generator
            if type(value) not in exact[name]:
                return False
        return True


# Strings for what JSON cannot say as a number: the stored text stays JSON that every other reader accepts.
_SERIALIZED = CoreConfig(ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="strings")
_VALIDATED = ConfigDict(extra="forbid", ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="strings")


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Its parameters, whether or not their annotations can be resolved."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)


def _parameters(signature: inspect.Signature, function: Callable[..., Any]) -> list[Parameter]:
    known = getattr(inspect.unwrap(function), "__globals__", {})
    return [Parameter(p.name, p.kind, p.default, _resolve(p.annotation, known)) for p in signature.parameters.values()]


def _resolve(annotation: Any, known: dict[str, Any]) -> Any:
    """One annotation by itself, so that a name which only type checkers import costs only its own parameter the type."""
    if annotation is inspect.Parameter.empty or isinstance(annotation, typing.ParamSpecArgs | typing.ParamSpecKwargs):
        return Any
    try:
        holder = SimpleNamespace(__annotations__={"it": annotation})
        resolved = typing.get_type_hints(holder, globalns=known, localns={}, include_extras=True)["it"]
    except Exception:
        return Any
    # pydantic makes a lazy iterator of an Iterable, which nothing can be compared with.
    return GenericAlias(list, get_args(resolved)) if get_origin(resolved) is Iterable else resolved


def _examine(parameter: Parameter) -> Parameter:
    if parameter.free or parameter.annotation in SCALARS:
        return parameter
    try:
        _schema([parameter])
    except Exception as error:
        return parameter._replace(unknown=re.split(r"\. |\.?\n|\.$", str(error))[0] or type(error).__name__)
    return parameter


def _schema(parameters: Iterable[Parameter]) -> Any:
    fields = {p.name: NotRequired[_field(p)] for p in parameters}
    arguments = cast(Any, typing_extensions.TypedDict)("Arguments", fields)
    arguments.__pydantic_config__ = _VALIDATED
    return TypeAdapter(arguments).core_schema


def _field(parameter: Parameter) -> Any:
    annotation = Any if parameter.unknown else parameter.annotation
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return GenericAlias(list, (annotation,))
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        unpacked = get_origin(annotation) in (typing.Unpack, typing_extensions.Unpack)
        return get_args(annotation)[0] if unpacked else GenericAlias(dict, (str, annotation))
    return annotation


def _exact(parameter: Parameter) -> frozenset[type]:
    if parameter.kind in VARIADIC or parameter.unknown:
        return frozenset()
    if parameter.free:
        return SCALARS - {float}  # It may be NaN, which plain JSON does not know.
    union = get_origin(parameter.annotation) in (typing.Union, UnionType)
    kinds: frozenset[Any] = frozenset(get_args(parameter.annotation) if union else [parameter.annotation])
    if {str, float} <= kinds:
        kinds -= {float}  # NaN is written as text.
    return kinds if kinds <= SCALARS else frozenset()
