"""The one thing that a form asks of an ERP that sends its answers by itself: with which secret it signs them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from orderflow.domain.form import hint
from orderflow.http.webhook_signature import webhook_key


def _usable(secret: SecretStr) -> SecretStr:
    webhook_key(secret.get_secret_value())
    return secret


AnswerSecret = Annotated[
    Annotated[SecretStr, AfterValidator(_usable)] | None,
    Field(
        title="Signing secret",
        description="Only if the ERP sends its answers itself, signed as Standard Webhooks are: whsec_…, as it names "
        "it. An ERP that signs nothing sends the connector's token instead.",
        json_schema_extra=hint("Answers that come", writeOnly=True),
    ),
]
"""A field of the form."""
