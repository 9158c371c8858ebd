"""The rules that the operator brought, kept in the store of documents so that every process has the same."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orderflow.documents.object_store import ObjectStore
from orderflow.domain.errors import ObjectStoreError
from orderflow.schematron.expressions import UnusableRulesError
from orderflow.schematron.processes import Processes
from orderflow.schematron.reading import parsed
from orderflow.schematron.runner import RulesNotRunError
from orderflow.schematron.transpile import transpile

FRESH = 60.0
"""Seconds for which a process goes on with the rules that it knows."""

MOST_TOLD = 50
LONGEST_SENTENCE = 500
_STEP = re.compile(r"Q\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a document breaks.

    Attributes:
        id: Its identifier, as PEPPOL-T01-R003.
        flag: As the rules have it: `fatal`, `warning`.
        path: Of the node that breaks it: names with their positions, as `Order[1]/OrderLine[2]`.
        sentence: What it demands.
    """

    id: str
    flag: str
    path: str
    sentence: str

    @property
    def is_fatal(self) -> bool:
        """Whether a document that breaks it is not sent."""
        return self.flag != "warning"


class RuleSets:
    """Rules by what they are for, as `T01`, in families, as `peppol`. Safe to share by threads."""

    def __init__(self, documents: ObjectStore, processes: Processes | None = None) -> None:
        self._documents, self._processes = documents, processes or Processes()
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._sheets: dict[str, str] = {}

    def add(self, family: str, files: Mapping[str, bytes]) -> Mapping[str, Any]:
        """Keep rules in the place of those that there were, and return them.

        Args:
            files: The Schematron files by the names of what they are for.

        Raises:
            UnusableRulesError: One of them cannot be used; nothing is kept then.
            RulesNotRunError, ObjectStoreError: They cannot be compiled, or not kept.
        """
        sheets = {name: _transpiled(name, content) for name, content in files.items()}
        with self._processes.one(family) as process:
            process.compile({_digest(sheet): sheet for sheet in sheets.values()})
        before = self._read(family)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        kept = {name: {"sha256": _digest(sheet), "added_at": now} for name, sheet in sheets.items()}
        self._documents.put_many([(_place(_digest(sheet)), sheet.encode()) for sheet in sheets.values()])
        self._documents.put_many([(_index(family), json.dumps(kept).encode())])  # last: what it names is there
        self._known.pop(family, None)
        self._drop(before, kept)
        return kept

    def remove(self, family: str) -> None:
        """Do without rules of a family. Raises ObjectStoreError."""
        before = self._read(family)
        self._documents.delete([_index(family)])
        self._known.pop(family, None)
        self._drop(before, {})

    def kept(self, family: str) -> Mapping[str, Any]:
        """Return which rules are kept, by what they are for, as this process knew it a minute ago at the earliest.

        Raises:
            ObjectStoreError: It cannot be known.
        """
        known = self._known.get(family)
        if known is None or time.monotonic() - known[0] > FRESH:
            known = self._known[family] = (time.monotonic(), self._read(family))
        return known[1]

    def broken(self, family: str, name: str, document: str, owner: Hashable = None) -> Sequence[Broken]:
        """Return the rules that a document breaks, the fatal ones first; none where no rules are kept for it.

        Args:
            owner: The organization whose document it is; one of each is tried at a time.

        Raises:
            RulesNotRunError, ObjectStoreError: It cannot be known.
        """
        digest = self._digest_of(family, name)
        if digest is None:
            return ()
        sheet = self._sheet(digest)
        with self._processes.one(owner) as process:
            found = process.run(digest, sheet, document)
        return sorted(_told(found), key=lambda rule: not rule.is_fatal)[:MOST_TOLD]

    def close(self) -> None:
        """End the processes that run the rules."""
        self._processes.close()

    def _read(self, family: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = json.loads(self._documents.get(_index(family)))
        except ObjectStoreError as error:
            if error.code == "OBJECT_NOT_FOUND":
                return {}
            raise
        return found

    def _digest_of(self, family: str, name: str) -> str | None:
        """Return the digest of the rules kept under a name."""
        kept = self.kept(family).get(name)
        if kept is not None and kept["sha256"] not in self._sheets:
            self._known.pop(family, None)  # what this process knew may be gone from the store by now
            kept = self.kept(family).get(name)
        return kept and str(kept["sha256"])

    def _sheet(self, digest: str) -> str:
        if digest not in self._sheets:
            sheet = self._documents.get(_place(digest)).decode()
            if _digest(sheet) != digest:
                raise RulesNotRunError("The rules in the store of documents are not those that were brought.")
            self._sheets[digest] = sheet
        return self._sheets[digest]

    def _drop(self, before: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """Remove the rules of a family that are not kept any more."""
        gone = {one["sha256"] for one in before.values()} - {one["sha256"] for one in kept.values()}
        self._documents.delete(map(_place, gone))


def _transpiled(name: str, content: bytes) -> str:
    try:
        return transpile(content)
    except UnusableRulesError as error:
        raise UnusableRulesError(f"{name}: {error.message}") from None


def _digest(sheet: str) -> str:
    return hashlib.sha256(sheet.encode()).hexdigest()


def _index(family: str) -> str:
    return f"rules/{family}.json"


def _place(digest: str) -> str:
    return f"rules/{digest}.xsl"


def _told(found: str) -> list[Broken]:
    return [
        Broken(
            str(one.get("id")),
            str(one.get("flag")),
            _STEP.sub("", str(one.get("path"))).lstrip("/"),
            " ".join((one.text or "").split())[:LONGEST_SENTENCE],
        )
        for one in parsed(found.encode()).iterchildren("broken")
    ]
