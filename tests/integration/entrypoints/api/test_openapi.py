"""The OpenAPI document is complete, and what it says is true: tried with generated requests, for each role."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator, FormatChecker
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from orderflow.domain.access import Role
from orderflow.entrypoints.api import create_app
from orderflow.entrypoints.api.glossary import WORDS
from tests.waiting import PATIENCE

EXAMPLES = 3
"""For each operation, role and mode."""
STREAM = "POST /api/v1/draft-orders/import"
"""Answers 200 and tells line by line what cannot be used; see its own tests."""

QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

LONG = settings(QUICK, max_examples=10, derandomize=False)
"""For each operation, mode and seed."""


@schemathesis.serializer("application/x-ndjson")
def lines(_: Any, value: Any) -> bytes:
    """Write a generated value as the only line of a stream."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.serializer("application/pkcs7-mime")
def message(_: Any, value: Any) -> bytes:
    """Write a generated value as what is in a message of AS2, which it never is."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    return create_app().openapi()


def test_every_operation_has_an_id_a_summary_and_documented_errors(document: dict[str, Any]):
    assert document["openapi"].startswith("3.1")
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    for operation in operations:
        assert operation["summary"], operation["operationId"]
        assert operation["description"], operation["operationId"]
        assert operation["tags"], operation["operationId"]


def test_every_error_has_an_example(document: dict[str, Any]):
    for path in document["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json", {})
                if int(status) >= 400 and content.get("schema", {}).get("$ref", "").endswith("ErrorAnswer"):
                    assert content["example"]["error"]["code"], (operation["operationId"], status)


@pytest.mark.parametrize("decimals", ["number", "string"])
def test_every_answer_has_an_example_that_fits_it(decimals: Any):
    document = create_app().state.described.document(decimals)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json", {})
                if not content.get("schema"):
                    continue
                schema = content["schema"] | {"components": document["components"]}
                validator = Draft202012Validator(schema, format_checker=FormatChecker())
                faults = [error.message for error in validator.iter_errors(content["example"])]
                assert not faults, (path, operation["operationId"], status, faults)


def test_every_field_says_what_it_is(document: dict[str, Any]):
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, definition in schema.get("properties", {}).items()
        if not definition.get("description")
    ]
    assert not silent, "add them to glossary.py, or describe them where they are declared"


def test_no_word_of_the_glossary_is_about_nothing(document: dict[str, Any]):
    schemas = document["components"]["schemas"]
    fields = {field for schema in schemas.values() for field in schema.get("properties", {})}
    named = {f"{name}.{field}" for name, schema in schemas.items() for field in schema.get("properties", {})}
    assert WORDS.keys() <= fields | named


def test_every_schema_has_a_name_of_its_own(document: dict[str, Any]):
    """Two of one name get their modules' names put in front, on which generators of clients stumble."""
    assert not [name for name in document["components"]["schemas"] if "__" in name]


def test_secrets_only_go_in(document: dict[str, Any]):
    for name, schema in document["components"]["schemas"].items():
        for field, definition in schema.get("properties", {}).items():
            if field.endswith("password"):
                assert definition.get("writeOnly"), f"{name}.{field}"


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfit"])
@pytest.mark.parametrize(
    "role", [Role.ADMIN, *(pytest.param(role, marks=pytest.mark.large) for role in Role if role is not Role.ADMIN)]
)
def test_generated_requests_get_documented_answers(acme: Any, canaries: Any, role: Role, mode: GenerationMode):
    canaries.made_up = True  # "000000" is a password here and a name there
    schema = described(acme)
    headers = {"Authorization": f"Bearer {acme.keys[role]}"}
    for result in schema.get_all_operations():
        operation = result.ok()  # our document describes nothing that it cannot read
        if mode is GenerationMode.POSITIVE or operation.label != STREAM:
            attempt(operation, mode, headers)


@pytest.mark.large
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("chance", [1, 2, 3])
def test_requests_of_three_seeds_get_documented_answers(acme: Any, canaries: Any, chance: int):
    canaries.made_up = True
    schema = described(acme)
    headers = {"Authorization": f"Bearer {acme.keys[Role.ADMIN]}"}
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.POSITIVE or operation.label != STREAM:
                attempt(operation, mode, headers, chance)


def described(acme: Any) -> Any:
    """Return our description; a body that is too large besides is refused for that."""
    refused = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": refused}}})
    return schemathesis.openapi.from_url(f"{acme.client.base_url}/api/v1/openapi.json", config=config, timeout=PATIENCE)


def attempt(operation: Any, mode: GenerationMode, headers: dict[str, str], chance: int | None = None) -> None:
    """Send some requests for an operation: always the same few, or more of a seed's."""

    @(QUICK if chance is None else LONG)
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        # What holds between fields (a host is needed for mode sftp) is beyond a schema: such a body may get its 422.
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():  # nothing that could be unfit
        (run if chance is None else seed(chance)(run))()
