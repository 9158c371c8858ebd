"""An order's values as elements."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orderflow.domain.errors import RejectedError
from orderflow.formats.edi.values import Values
from orderflow.formats.edifact import EdifactSettings
from orderflow.formats.edifact.letters import EdifactLetters
from orderflow.formats.x12 import X12Settings
from orderflow.formats.x12.letters import X12Letters


def test_a_code_of_a_mapping_is_written_as_any_text_is() -> None:
    assert Values(EdifactLetters("UNOC", "3")).coded("Stk", {"Stk": "P'CE"}, "uom", "Units") == "P?'CE"
    for code in ("P*E", "A\x01B", "\u0141"):
        with pytest.raises(RejectedError, match="uom holds"):
            Values(X12Letters("iso-8859-1", "*>~")).coded("Stk", {"Stk": code}, "uom", "Units")


@pytest.mark.parametrize("settings", [EdifactSettings, X12Settings])
@pytest.mark.parametrize("code", ["DE'X+1", "D", "GERMANY", "de", "\u0141\u0141"])
def test_a_country_is_mapped_to_a_code_alone(settings: type[EdifactSettings], code: str) -> None:
    with pytest.raises(ValidationError, match="countries"):
        settings(sender="US", receiver="THEM", countries={"Germany": code})
