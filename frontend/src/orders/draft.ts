import type { Schemas } from "../api/client";
import type { ExactLine, ExactOrder } from "../api/queries";
import { trimmed } from "../shared/format";
import type { Stored } from "../shared/versions/useSaving";
import { fieldPath, HEADER_FIELDS, type HeaderField } from "./orderFields";

type Body = Schemas["OrderBody"];

/** An order while it is edited; its quantities and prices stay text. */
export type Draft = Omit<Body, "lines" | "customer"> & { lines: ExactLine[]; customer: Schemas["Customer"] };

/** What the API says of each field, by its path. */
export function errorsOf(fields: { field: string; message: string }[], lines: ExactLine[]): Map<string, string> {
  return new Map(fields.map(({ field, message }) => [fieldPath(field, lines).join("."), message]));
}

/** What can be edited of an order, and over which version. */
export function stored(order: ExactOrder): Stored<Draft> {
  const { customer, source_document } = order;
  const head = Object.fromEntries(HEADER_FIELDS.map((name) => [name, order[name]])) as Pick<ExactOrder, HeaderField>;
  const addresses = { ship_to: order.ship_to as Draft["ship_to"], bill_to: order.bill_to as Draft["bill_to"] };
  const value = { ...head, ...addresses, customer, source_document, lines: order.lines.map(shortened) };
  return { value, version: order.version };
}

function shortened(line: ExactLine): ExactLine {
  return { ...line, qty: line.qty && trimmed(line.qty), unit_price: line.unit_price && trimmed(line.unit_price) };
}

/** One more line, with the next number and the currency of the others. */
export function emptyLine(lines: ExactLine[]): ExactLine {
  const line_no = Math.max(0, ...lines.map((line) => line.line_no)) + 1;
  const nothing = {
    internal_sku: null,
    description: null,
    customer_sku_raw: null,
    uom: null,
    requested_delivery_date: null,
    line_notes: null,
  };
  return { line_no, qty: null, unit_price: null, currency: lines[0]?.currency ?? null, ...nothing };
}
