"""What a system's service knows: its entities and their fields, which differ from release to release.

Source: "Common Schema Definition Language (CSDL)", OData 2.0; SAP's service at `$metadata`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orderflow.documents.xml import read_xml
from orderflow.domain.answer_files import UnreadableError as NoXmlError
from orderflow.http import Answer, UnreadableError


@dataclass(frozen=True, slots=True)
class Metadata:
    """The fields of each entity, by its name without `Type`: of A_SalesOrder and what belongs to it."""

    fields: dict[str, frozenset[str]]

    def has(self, entity: str, *names: str) -> bool:
        """Return whether there is such an entity, with these fields."""
        return entity in self.fields and self.fields[entity].issuperset(names)

    def known(self, entity: str, names: tuple[str, ...]) -> list[str]:
        """Return those of the fields that the entity has."""
        return [name for name in names if name in self.fields.get(entity, ())]


def read_metadata(answer: Answer) -> Metadata:
    """Return what the answer to `$metadata` says.

    Raises:
        UnreadableError: It is none.
    """
    if answer.broken is not None:
        raise UnreadableError(answer.broken)
    try:
        root = read_xml(answer.content)
    except NoXmlError as error:
        raise UnreadableError(f"no metadata ({error})") from None
    fields = {_name(entity): _fields_of(entity) for entity in root.iter("{*}EntityType")}
    if not fields:
        raise UnreadableError("no metadata")
    return Metadata(fields)


def _name(entity: Any) -> str:
    return str(entity.get("Name", "")).removesuffix("Type")


def _fields_of(entity: Any) -> frozenset[str]:
    inner = (*entity.iter("{*}Property"), *entity.iter("{*}NavigationProperty"))
    return frozenset(str(one.get("Name", "")) for one in inner)
