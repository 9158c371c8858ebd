"""A company's sales orders: they are made, looked for, read, and deleted.

Source: "Business Central API (v2.0)", "OData known limitations" (no `or` between fields), Microsoft Learn; deep insert
is all or nothing by "OData Version 4.01. Part 1: Protocol", section 11.4.2.2.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from orderflow.connectors.business_central.answers import number_in, refusal
from orderflow.connectors.business_central.config import NAME, BusinessCentralConfig
from orderflow.connectors.business_central.payload import as_code, customer_of, reference_of
from orderflow.connectors.whole_orders import short_key
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, TransientError
from orderflow.domain.orders import DraftOrder
from orderflow.http import Answer, HttpClient, UnreadableError, odata, sign_in_of, tls_of
from orderflow.http.settings import TLSSettings

Row = dict[str, Any]
LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes: some orders with 500 lines each, of a kilobyte."""

ORDER_FIELDS = (
    "id,number,externalDocumentNumber,customerNumber,orderDate,requestedDeliveryDate,currencyCode,pricesIncludeTax,"
    "fullyShipped,status"
)


class Company:
    """One company of one environment, for all threads."""

    def __init__(self, config: BusinessCentralConfig) -> None:
        self.config = config
        self._id = _as_id(config.company)
        self._lock = threading.Lock()
        self._client = HttpClient(
            NAME,
            timeout=config.timeout,
            connect_timeout=config.connect_timeout,
            tls=tls_of(TLSSettings(ca_certificate=config.ca_certificate)),
            most_bytes=LONGEST_ANSWER,
            connections=config.max_in_flight,
            sign_in=sign_in_of(config),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def got(self) -> list[str]:
        """Return access tokens that Entra gave lately: secrets, to be hidden."""
        return self._client.got()

    @property
    def path(self) -> str:
        """Where the company is below the API.

        Raises:
            ConnectorError: There is no company of that name, or no answer.
        """
        if self._id is None:
            with self._lock:
                self._id = self._known_by_now() or self._id_by_name()
        return f"companies{odata.key(self._id)}"

    def create(self, path: str, content: bytes) -> str:
        """Make the order; returns its number.

        Args:
            path: The company's, asked for before.

        Raises:
            ConnectorError: As `answers` sorts it; InDoubtError: it may be there.
        """
        answer = self._send("POST", f"{path}/salesOrders", content)
        if not answer.ok:
            raise refusal(answer)
        return number_in(answer)

    def find(self, order: DraftOrder, export_id: UUID) -> list[str]:
        """Return the numbers of the orders that may be this delivery's; none: the company clearly has none.

        An order that was invoiced in full is gone; its invoice has its number.

        Raises:
            ConnectorError: There was no clear answer.
        """
        reference = reference_of(order, export_id, self.config)
        wanted: dict[str, odata.Value] = {"externalDocumentNumber": as_code(reference)}
        if self.config.reference_in == "number":
            wanted["customerNumber"] = as_code(customer_of(order))
        elif not reference.isascii():  # whose capitals may be other ones there: the key alone tells
            wanted = {"externalDocumentNumber": _Ending(short_key(export_id))}
        found = [str(row["number"]) for row in self._rows("salesOrders", wanted, ORDER_FIELDS)]
        return found or [
            str(row.get("orderNumber") or row["number"])
            for row in self._rows("salesInvoices", wanted, "number,externalDocumentNumber,customerNumber,orderNumber")
        ]

    def orders(self, numbers: Sequence[str]) -> list[Row]:
        """Return orders by their numbers, with all of their lines."""
        options = {"$filter": odata.any_of("number", numbers), "$select": ORDER_FIELDS, "$expand": "salesOrderLines"}
        with clear("How do the orders fare?"):
            rows = list(odata.pages(self._url(f"salesOrders?{odata.query(options)}"), self._asked))
            if not all(row.get("number") in numbers for row in rows):
                raise UnreadableError("orders that it was not asked for")
            return rows

    def is_invoiced(self, number: str) -> bool:
        """Return whether there is an invoice of that order."""
        return bool(self._rows("salesInvoices", {"orderNumber": number}, "number,orderNumber"))

    def delete(self, row: Row) -> None:
        """Delete an order as it was read.

        Raises:
            ConnectorError: As `answers` sorts it; TransientError: it has changed since.
        """
        self.remove(f"salesOrders{odata.key(UUID(str(row['id'])))}", odata.etag_of(row) or "*")

    def one(self, path: str) -> Row:
        """Return an entity as it is now, with its version. Raises ConnectorError: there was no clear answer."""
        with clear("How does it stand?"):
            return odata.entity_in(self._asked(self._url(path)))

    def edit(self, path: str, values: Row, version: str) -> None:
        """Change fields of an entity, if it is still of that version. Raises ConnectorError, as `answers` sorts it."""
        self._entity(self._send("PATCH", f"{self.path}/{path}", odata.encode(values), {"If-Match": version}))

    def add(self, path: str, entity: Row) -> Row:
        """Make an entity, and return it. Raises ConnectorError, as `answers` sorts it."""
        return self._entity(self._send("POST", f"{self.path}/{path}", odata.encode(entity)))

    def remove(self, path: str, version: str) -> None:
        """Delete an entity, if it is still of that version. Raises ConnectorError, as `answers` sorts it."""
        answer = self._send("DELETE", f"{self.path}/{path}", b"", {"If-Match": version})
        if answer.status == 404 or (answer.ok and answer.empty):
            return
        if not answer.ok:
            raise refusal(answer)
        raise InDoubtError(f"{NAME} answered a deletion with {answer.status} and a body.", code="ANSWER_UNREADABLE")

    def _entity(self, answer: Answer) -> Row:
        """Return the entity that an answer to a change holds.

        Raises:
            ConnectorError: As `answers` sorts it; InDoubtError: something else may have answered.
        """
        if not answer.ok:
            raise refusal(answer)
        try:
            return odata.entity_in(answer)
        except UnreadableError as error:
            problem = str(error)
        raise InDoubtError(f"{NAME} answered {answer.status}, with {problem}.", code="ANSWER_UNREADABLE")

    def entities(self, entity: str, options: dict[str, str | int]) -> list[Row]:
        """Return entities of the company, as its units. Raises ConnectorError."""
        with clear(f"Which {entity} are there?"):
            return list(odata.pages(self._url(f"{entity}?{odata.query(options)}"), self._asked))

    def companies(self) -> list[Row]:
        """Return the companies of the environment. Raises ConnectorError."""
        with clear("Which companies are there?"):
            url = f"{self.config.root}/companies?{odata.query({'$select': 'id,name'})}"
            return list(odata.pages(url, self._asked))

    def _rows(self, entity: str, wanted: dict[str, odata.Value], fields: str) -> list[Row]:
        """Return the entities that have these values."""
        options = {"$filter": _filter(wanted), "$select": fields}
        with clear("Is the order there?"):
            rows = list(odata.pages(self._url(f"{entity}?{odata.query(options)}"), self._asked))
            # Each row is looked at: a service that does not filter would find everything.
            if not all(_is(row, wanted) and row.get("number") for row in rows):
                raise UnreadableError("documents that it was not asked for")
            return rows

    def _url(self, path: str) -> str:
        return f"{self.config.root}/{self.path}/{path}"

    def _asked(self, url: str) -> Answer:
        answer = self._client.send("GET", url)
        if not answer.ok:
            raise refusal(answer, changes=False)
        return answer

    def _send(self, method: str, path: str, content: bytes, more: dict[str, str] | None = None) -> Answer:
        headers = ({"Content-Type": "application/json"} if content else {}) | (more or {})
        return self._client.send(method, f"{self.config.root}/{path}", headers=headers, content=content)

    def _known_by_now(self) -> UUID | None:
        return self._id  # another thread may have asked

    def _id_by_name(self) -> UUID:
        wanted, there = self.config.company.strip(), self.companies()
        found = [row for row in there if str(row.get("name", "")).casefold() == wanted.casefold()]
        number = _as_id(found[0].get("id")) if len(found) == 1 else None
        if number is None:
            names = ", ".join(sorted(str(row.get("name")) for row in there)[:10]) or "none"
            raise NeedsAttentionError(
                f"The environment has no company called {wanted!r}; it has: {names}.",
                code="COMPANY_MISSING",
                hint="Correct the company in the connection, then test it.",
            )
        return number


def _as_id(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


class _Ending(str):
    """What a value ends with."""

    __slots__ = ()


def _filter(wanted: dict[str, odata.Value]) -> str:
    parts = [
        f"endswith({name},{odata.literal(value)})" if isinstance(value, _Ending) else odata.equal(**{name: value})
        for name, value in wanted.items()
    ]
    return " and ".join(parts)


def _is(row: Row, wanted: dict[str, odata.Value]) -> bool:
    return all(_fits(as_code(str(row.get(name) or "")), value) for name, value in wanted.items())


def _fits(held: str, value: odata.Value) -> bool:
    return held.endswith(value) if isinstance(value, _Ending) else held == as_code(str(value))


@contextmanager
def clear(question: str) -> Iterator[None]:
    """Have an answer of a shape that is not Business Central's be no answer.

    Raises:
        TransientError: It is that.
    """
    try:
        yield
    except UnreadableError as error:
        problem = str(error)
    else:
        return
    raise TransientError(f"{question} {NAME} gave {problem}.", code="FIND_FAILED")


def only(numbers: Sequence[str]) -> str | None:
    """Return the one number that was found, None if none was. Raises InDoubtError: there are several."""
    if len(set(numbers)) > 1:
        raise InDoubtError(
            f"{NAME} has {len(set(numbers))} orders with this external document number: {', '.join(numbers[:5])}.",
            hint="Look there which one is ours, then resolve the order.",
        )
    return numbers[0] if numbers else None
