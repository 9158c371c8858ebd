"""Where a configuration comes from: a file, settings on the command line, and secrets that never are on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import InputError
from orderflow.domain.strict_json import NotJSONError, parse, plain_numbers
from orderflow.flow.setup.mask import secret_fields

ENVIRONMENT = "ORDERFLOW_SECRET_"


def gather_config(
    connector: ERPConnectorPort, file: str | None, settings: list[str], secrets: list[str]
) -> dict[str, Any]:
    """Return the configuration that the options describe; `settings` win over the file.

    Args:
        file: A JSON object; `-` for stdin.
        settings: `key=value`, for what is no secret.
        secrets: `field`, taken from the environment or asked for; or `field=@path`, read from that file.

    Raises:
        InputError: Something cannot be read, or a secret was given where others can see it.
    """
    config = _from_file(file) if file else {}
    hidden = secret_fields(connector)
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"--set needs key=value, not {setting.partition(' ')[0]!r}.", hint="As: --set port=2222")
        if name in hidden:
            raise InputError(
                f"{name} is a secret, and command lines can be seen by others and are kept in histories.",
                code="SECRET_ON_COMMAND_LINE",
                hint=f"Use --secret {name} (asks, or takes {_variable(name)}), --secret {name}=@FILE, or --config.",
            )
        config[name] = _typed(connector, name, value)
    for secret in secrets:
        name, _, source = secret.partition("=")
        config[name] = _secret(name, source)
    return config


def _typed(connector: ERPConnectorPort, name: str, value: str) -> Any:
    """Return a number, a yes-or-no, a map or a list as what it is, as the page's form shows it and the schema says."""
    fields = connector.config_model.model_fields if connector.config_model else {}
    kind: Any = fields[name].annotation if name in fields else str
    try:
        meant = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        structured = not _STRUCTURES.isdisjoint(item["type"] for item in error.errors(include_input=False))
        return _structure(name, value) if structured else value  # what else does not fit is told with all the rest
    return meant if isinstance(meant, bool | int | float) else value


_STRUCTURES = frozenset({"dict_type", "list_type", "tuple_type", "set_type", "frozen_set_type", "model_type"})
"""What pydantic says of a text where a map or a list should be."""


def _structure(name: str, text: str) -> Any:
    """Return the map or list that is written as JSON. Raises InputError: it is none."""
    try:
        return plain_numbers(parse(text))
    except NotJSONError as error:
        raise InputError(
            f"--set {name}=… is no JSON, and {name} is a map or a list: it {error.message}.",
            hint=f'Give it in a file by --config, or quoted for the shell: --set \'{name}={{"PCE": "EA"}}\'.',
        ) from None


def _from_file(file: str) -> dict[str, Any]:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        config = plain_numbers(parse(content))
    except OSError as error:
        raise InputError(
            f"{file} cannot be read: {error.strerror}.", hint="Check the path given to --config."
        ) from None
    except NotJSONError as error:
        where = f"{error.field} " if error.field else "it "
        raise InputError(
            f"{file} cannot be read: {where}{error.message}.", hint="--config needs one JSON object, in UTF-8."
        ) from None
    if not isinstance(config, dict):
        raise InputError(f"{file} holds no JSON object.", hint='As: {"mode": "sftp", "host": "erp.example.com"}')
    return config


def _secret(name: str, source: str) -> str:
    if source.startswith("@"):
        try:
            return Path(source[1:]).expanduser().read_text("utf-8").rstrip("\r\n")
        except OSError as error:
            hint = "Check the path after the @."
            raise InputError(f"{source[1:]} cannot be read: {error.strerror}.", hint=hint) from None
        except UnicodeDecodeError:
            raise InputError(f"{source[1:]} is not text.", hint="A secret's file holds UTF-8 text.") from None
    if source:
        raise InputError(
            f"--secret {name}=… must name a file as {name}=@FILE; the secret itself has no place in a command line.",
            code="SECRET_ON_COMMAND_LINE",
            hint=f"Use --secret {name} and be asked for it, or set {_variable(name)}.",
        )
    if value := os.environ.get(_variable(name)):
        return value
    if not sys.stdin.isatty():
        raise InputError(f"There is no one to ask for {name}.", hint=f"Set {_variable(name)}, or use {name}=@FILE.")
    return str(typer.prompt(name, hide_input=True))


def _variable(name: str) -> str:
    return ENVIRONMENT + name.upper()
