"""A dropzone's form: the way to the ERP (`mode`), the settings of every channel, and those of the format.

It is one flat list, because that is what connections are stored as. Each field is declared once, by the channels or
the format that use it; `form` joins them, and a value is checked by the channel that the mode means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, create_model, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from orderflow.channels.channel import Channel
from orderflow.channels.registry import channels

OLD_NAMES = {"base_path": "export_path", "dropzone_type": "mode"}
GROUPS = ("Server", "Sign-in", "Folders", "Advanced")
"""The order in which the form shows what channels ask; a format's fields follow."""


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

    @model_validator(mode="before")
    @classmethod
    def _as_it_is_meant(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
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

    @model_validator(mode="after")
    def _fit_channel_and_format(self) -> Self:
        given = {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}
        problems: list[InitErrorDetails] = []
        self._of_channel = _part(self.channel.settings, given, f"is needed for mode {self.mode}", problems)
        self._of_format = _part(self.format_settings, given, "is needed", problems)
        if problems:
            raise ValidationError.from_exception_data(type(self).__name__, problems, hide_input=True)
        return self


def _part(model: type[BaseModel], given: dict[str, Any], needed: str, problems: list[InitErrorDetails]) -> Any:
    try:
        return model.model_validate({name: value for name, value in given.items() if name in model.model_fields})
    except ValidationError as error:
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            message = needed if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
            fault = PydanticCustomError("dropzone", "{fault}", {"fault": message})
            problems.append(InitErrorDetails(type=fault, loc=item["loc"], input=None))
    return None


class Form:
    """Gives a connector class its form; made when it is asked for, so that it knows every channel there is then."""

    def __get__(self, instance: object, owner: Any) -> type[Dropzone]:
        """Return the form of the connector's format."""
        return form(owner.format.settings)


def form(format_settings: type[BaseModel]) -> type[Dropzone]:
    """Return the form of a format on all channels."""
    return _form(format_settings, tuple(channels().items()))


@lru_cache(64)
def _form(format_settings: type[BaseModel], known: tuple[tuple[str, Channel], ...]) -> type[Dropzone]:
    fields = {"mode": _mode(known)} | _joined(known) | _fields(format_settings)
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
    extra: dict[str, Any] = {"group": GROUPS[0]}
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
    shown = [mode for mode, asked in modes if _is_shown(asked)]
    if len(shown) < channels_there_are:
        extra["show_when"] = {"mode": shown}
    everywhere = len(modes) == channels_there_are and all(asked.is_required() for _, asked in modes)
    return _field(field, extra, optional=field.is_required() and not everywhere)


def _is_shown(field: FieldInfo) -> bool:
    return not (isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("shown") is False)


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {name: (field.rebuild_annotation(), copy(field)) for name, field in model.model_fields.items()}


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
