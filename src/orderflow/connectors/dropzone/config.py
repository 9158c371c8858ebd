"""A dropzone's form: the way to the ERP (`mode`), the settings of every channel, and those of the format.

It is one flat list, because that is what connections are stored as. Each field is declared once, by the channels or
the format that use it; `form` joins them, and a value is checked by the channel that the mode means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from orderflow.channels import registry
from orderflow.channels.answer_secret import AnswerSecret
from orderflow.channels.channel import Channel
from orderflow.domain.states import Kind

OLD_NAMES = {"base_path": "export_path", "dropzone_type": "mode"}
GROUPS = ("Server", "Request", "AS2", "Certificates", "Sign-in", "TLS", "Folders", "Doubt", "Advanced")
"""The order in which the form shows what channels ask; a format's fields follow."""


READS = {Kind.CHANGE: "reads_changes", Kind.RECALL: "reads_recalls"}
"""The field that says of a kind of document whether the ERP reads it."""


class Dropzone(BaseModel):
    """The parent of every dropzone's form.

    Attributes:
        mode: Which channel.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    channels: ClassVar[Mapping[str, Channel]] = {}
    format_settings: ClassVar[type[BaseModel]]

    mode: str
    _of_channel: Any = PrivateAttr(None)
    _of_format: Any = PrivateAttr(None)

    @property
    def channel(self) -> Channel:
        """The channel that the mode means."""
        return self.channels[self.mode]

    @property
    def of_channel(self) -> Any:
        """That channel's settings."""
        return self._of_channel

    @property
    def of_format(self) -> Any:
        """The format's settings."""
        return self._of_format

    def of_parts(self, of_channel: Any, of_format: Any) -> Self:
        """Note the settings of the channel and of the format."""
        self._of_channel, self._of_format = of_channel, of_format
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, given: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        """Check the form, then its parts; whatever is wrong is said at once, each field once."""
        if not isinstance(given, dict):
            return check(given)
        filled = cls._as_it_is_meant(given)
        problems: dict[str, InitErrorDetails] = {}
        form = None
        try:
            form = check(filled)
            filled = {name: getattr(form, name) for name in form.model_fields_set}
        except ValidationError as error:
            _add(problems, error)
        parts = cls._parts(filled, problems)
        if problems or form is None:
            raise ValidationError.from_exception_data(cls.__name__, cls._as_shown(problems), hide_input=True)
        return form.of_parts(*parts)

    @classmethod
    def _as_shown(cls, problems: dict[str, InitErrorDetails]) -> list[InitErrorDetails]:
        """Return the problems in the order of the form's fields."""
        places = list(cls.model_fields)
        ranked = {place: places.index(name) for place in problems if (name := place.split(".")[0]) in places}
        return [problems[place] for place in sorted(problems, key=lambda place: ranked.get(place, len(places)))]

    @classmethod
    def _parts(cls, filled: dict[str, Any], problems: dict[str, InitErrorDetails]) -> tuple[Any, Any]:
        mode = filled.get("mode", cls.model_fields["mode"].default)
        channel = cls.channels.get(mode) if isinstance(mode, str) else None
        of_channel = _part(channel.settings, filled, f"is needed for mode {mode}", problems) if channel else None
        return of_channel, _part(cls.format_settings, filled, "is needed", problems)

    @classmethod
    def _as_it_is_meant(cls, given: dict[str, Any]) -> dict[str, Any]:
        # A form sends "" for what was left empty.
        filled = {name: value for name, value in given.items() if value not in ("", None)}
        for old, name in OLD_NAMES.items():
            if old in filled:
                if name in filled:
                    raise ValueError(f"{old} is the older name of {name}; give one of them")
                value = filled.pop(old)
                filled[name] = value.lower() if name == "mode" and isinstance(value, str) else value
        return cls._own_defaults(filled.get("mode")) | filled

    @classmethod
    def _own_defaults(cls, mode: Any) -> dict[str, Any]:
        """Return what the mode's channel takes for granted where others take something else, as its port."""
        channel = cls.channels.get(mode) if isinstance(mode, str) else None
        fields = channel.settings.model_fields if channel else {}
        return {
            name: field.default
            for name, field in fields.items()
            if not field.is_required() and field.default != cls.model_fields[name].default
        }


def _part(
    model: type[BaseModel], filled: dict[str, Any], needed: str, problems: dict[str, InitErrorDetails]
) -> BaseModel | None:
    """Return a part's settings; what is wrong with them is added to `problems`."""
    try:
        return model.model_validate(
            {name: value for name, value in filled.items() if name in model.model_fields and value is not None}
        )
    except ValidationError as error:
        _add(problems, error, needed)
    return None


def _add(problems: dict[str, InitErrorDetails], error: ValidationError, needed: str = "Field required") -> None:
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        message = needed if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        fault = PydanticCustomError("form", "{fault}", {"fault": message})
        place = ".".join(map(str, item["loc"]))
        problems.setdefault(place, InitErrorDetails(type=fault, loc=item["loc"], input=None))


class Form:
    """Gives a connector class its form; made when it is asked for, so that it knows every channel there is then."""

    def __get__(self, instance: object, owner: Any) -> type[Dropzone]:
        """Return the form of the connector's format."""
        return form(owner.format.settings, owner.format.kinds)


def form(format_settings: type[BaseModel], kinds: frozenset[Kind] = frozenset()) -> type[Dropzone]:
    """Return the form of a format on all channels; `kinds`: what it can write."""
    return _form(format_settings, kinds, registry.changes)


@lru_cache(64)
def _form(format_settings: type[BaseModel], kinds: frozenset[Kind], _changes: int) -> type[Dropzone]:
    known = tuple(registry.channels().items())
    fields = {"mode": _mode(known)} | _joined(known) | _fields(format_settings) | _reads(kinds)
    fields["answer_secret"] = (AnswerSecret, None)
    title = format_settings.model_config.get("title") or format_settings.__name__
    made = create_model(
        f"{format_settings.__name__.removesuffix('Settings')}Dropzone",
        __base__=Dropzone,
        __doc__=format_settings.__doc__,
        __cls_kwargs__={"title": title},
        **fields,
    )
    made.channels, made.format_settings = dict(known), format_settings
    return made


def _mode(known: Iterable[tuple[str, Channel]]) -> Any:
    names = tuple(mode for mode, _ in known)
    described = " ".join(f"{mode}: {channel.about}." for mode, channel in known)
    extra: dict[str, Any] = {"group": GROUPS[0], "destination": True}
    return Literal[names], Field(names[0], title="Kind", description=described, json_schema_extra=extra)


def _joined(known: Iterable[tuple[str, Channel]]) -> dict[str, Any]:
    """Return what the channels ask, each field once, shown for the modes that ask it; the first to ask words it."""
    asked: dict[str, list[tuple[str, FieldInfo]]] = {}
    for mode, channel in known:
        for name, field in channel.settings.model_fields.items():
            asked.setdefault(name, []).append((mode, field))
    joined = {name: _asked_by(modes, len(dict(known))) for name, modes in asked.items()}
    return dict(sorted(joined.items(), key=lambda item: _rank(item[1][1])))


def _asked_by(modes: list[tuple[str, FieldInfo]], channels_there_are: int) -> Any:
    field = modes[0][1]
    extra: dict[str, Any] = dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}
    shown = [mode for mode, _ in modes]
    if len(shown) < channels_there_are:
        own = extra.get("show_when", {}) if len(shown) == 1 else {}  # what one channel says of it is not so for all
        extra["show_when"] = {"mode": shown, **own}
    everywhere = len(modes) == channels_there_are and all(asked.is_required() for _, asked in modes)
    return _field(field, extra, optional=field.is_required() and not everywhere)


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {name: (field.rebuild_annotation(), copy(field)) for name, field in model.model_fields.items()}


def _reads(kinds: frozenset[Kind]) -> dict[str, Any]:
    """Return what the form asks for each kind that the format can write beside orders."""
    return {
        name: (
            bool,
            Field(
                False,
                title=f"The ERP reads {kind}s",
                description=f"Its import takes {kind} documents of this format and answers them, where this connection "
                f"reads answers; else a person says how each {kind} ended. Off: it gets none.",
                json_schema_extra={"group": "Format", "destination": False},
            ),
        )
        for kind, name in READS.items()
        if kind in kinds
    }


def _field(field: FieldInfo, extra: dict[str, Any], *, optional: bool) -> Any:
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    told = Field(
        None if optional else field.get_default(call_default_factory=False) if not field.is_required() else ...,
        title=field.title,
        description=field.description,
        json_schema_extra=extra,
    )
    return (kind | None if optional else kind), told


def _rank(field: FieldInfo) -> int:
    extra = field.json_schema_extra
    group = extra.get("group") if isinstance(extra, dict) else None
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)
