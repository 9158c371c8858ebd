import type { Schemas } from "../api/client";
import type { ExactLine, ExactOrder } from "../api/queries";
import { trimmed } from "../shared/format";
import type { Stored } from "../shared/versions/useSaving";
import { ADJUSTMENTS, fieldPath, HEADER_FIELDS, TEXTS_BY_NAME, type HeaderField } from "./orderFields";

type TextsByName = (typeof TEXTS_BY_NAME)[number];
type Body = Schemas["OrderBody"];

/** An order while it is edited; its quantities and prices stay text. */
export type Draft = Omit<Body, "lines" | "customer" | Adjustment> & Pick<ExactOrder, "lines" | "customer" | Adjustment>;
type Adjustment = (typeof ADJUSTMENTS)[number];

/** What the API says of each field, by its path. */
export function errorsOf(fields: { field: string; message: string }[], lines: ExactLine[]): Map<string, string> {
  return new Map(fields.map(({ field, message }) => [fieldPath(field, lines).join("."), message]));
}

/** Which fields the reason of a failure is about, where it says so. */
export function reasonsOf(error: Schemas["Problem"] | null | undefined): { field: string; message: string }[] {
  const fields: unknown = error?.details?.fields;
  if (!Array.isArray(fields)) return [];
  return fields
    .map((field: unknown) => (typeof field === "string" ? { field, message: error?.message } : field))
    .filter(
      (one): one is { field: string; message: string } =>
        typeof one === "object" && one !== null && "field" in one && "message" in one,
    );
}

/** What can be edited of an order, and over which version. */
export function stored(order: ExactOrder): Stored<Draft> {
  const { customer, source_document, allowances, charges, taxes } = order;
  const head = Object.fromEntries(HEADER_FIELDS.map((name) => [name, order[name]])) as Pick<ExactOrder, HeaderField>;
  const parties = Object.fromEntries(TEXTS_BY_NAME.map((name) => [name, order[name]])) as Pick<Draft, TextsByName>;
  const lines = order.lines.map(shortened);
  const value = { ...head, ...parties, customer, source_document, allowances, charges, taxes, lines };
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
    earliest_delivery_date: null,
    latest_delivery_date: null,
    promised_delivery_date: null,
    line_notes: null,
    gtin: null,
    buyer_article_number: null,
    seller_article_number: null,
    allowances: [],
    charges: [],
    taxes: [],
  };
  return { line_no, qty: null, unit_price: null, currency: lines[0]?.currency ?? null, ...nothing };
}
