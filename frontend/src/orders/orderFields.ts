import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import { isMissing } from "../shared/versions/differences";
import { decimal, phrase, plainDay } from "../shared/format";

export const TEXTS_BY_NAME = ["ship_to", "bill_to", "buyer", "seller", "contact", "shipping", "metadata"] as const;
/** Those of them that are somebody, with an address. */
export const PARTIES = ["buyer", "ship_to", "bill_to", "seller"] as const;
export const ADJUSTMENTS = ["allowances", "charges", "taxes"] as const;
type Parts = "customer" | "source_document" | "lines" | (typeof TEXTS_BY_NAME)[number] | (typeof ADJUSTMENTS)[number];
export type HeaderField = Exclude<keyof Schemas["OrderBody"], Parts>;

/** What an order says in one value: what the page calls it and how it is typed in. Every one that the API knows is
 * here, or an edit would lose it. */
export const HEADER: Record<HeaderField, { label: string; input: "text" | "date" | "textarea" | "number" }> = {
  external_order_number: { label: t`Order number`, input: "text" },
  currency: { label: t`Currency`, input: "text" },
  order_date: { label: t`Order date`, input: "date" },
  requested_delivery_date: { label: t`Wanted for`, input: "date" },
  earliest_delivery_date: { label: t`Not before`, input: "date" },
  latest_delivery_date: { label: t`Not after`, input: "date" },
  promised_delivery_date: { label: t`Promised for`, input: "date" },
  delivery_terms: { label: t`Delivery terms`, input: "text" },
  payment_terms: { label: t`Payment terms`, input: "text" },
  source: { label: t`From`, input: "text" },
  priority: { label: t`Head start in the queue, in minutes`, input: "number" },
  notes: { label: t`Notes`, input: "textarea" },
};
export const HEADER_FIELDS = Object.keys(HEADER) as HeaderField[];
export const LONG_FIELDS = HEADER_FIELDS.filter((name) => HEADER[name].input === "textarea");
export const SHORT_FIELDS = HEADER_FIELDS.filter((name) => !LONG_FIELDS.includes(name));

/** Fields of an order as people call them, on the page, in its form and in its history. */
const LABELS: Record<string, string> = {
  ...Object.fromEntries(HEADER_FIELDS.map((name) => [name, HEADER[name].label])),
  "customer.erp_customer_number": t`Customer number in the ERP`,
  "customer.name": t`Customer`,
  ship_to: t`Ship to`,
  bill_to: t`Bill to`,
  buyer: t`Buyer`,
  seller: t`Seller`,
  contact: t`Contact`,
  shipping: t`Shipping`,
  metadata: t`Metadata`,
  allowances: t`Allowances`,
  charges: t`Charges`,
  taxes: t`Taxes`,
  source_document: t`Source`,
};

const LINE_LABELS: Record<string, string> = {
  internal_sku: t`Article number`,
  customer_sku_raw: t`Customer's article number`,
  description: t`Description`,
  product_description: t`Description`,
  qty: t`Quantity`,
  uom: t`Unit`,
  unit_price: t`Unit price`,
  currency: t`Currency`,
  requested_delivery_date: t`Wanted for`,
  earliest_delivery_date: t`Not before`,
  latest_delivery_date: t`Not after`,
  promised_delivery_date: t`Promised for`,
  line_notes: t`Notes`,
  gtin: "GTIN",
  buyer_article_number: t`Buyer's article number`,
  seller_article_number: t`Seller's article number`,
  allowances: t`Allowances`,
  charges: t`Charges`,
  taxes: t`Taxes`,
};

export function lineLabel(field: string): string {
  return LINE_LABELS[field] ?? phrase(field);
}

/** `["lines", "2", "qty"]` → Line 2: Quantity */
export function fieldLabel(path: readonly string[]): string {
  const [first = "", second, ...rest] = path;
  if (first === "lines" && second) return [t`Line ${second}`, ...rest.map(lineLabel)].join(": ");
  const whole = LABELS[path.join(".")];
  if (whole) return whole;
  return [LABELS[first] ?? phrase(first), ...path.slice(1).map(phrase)].join(": ");
}

/** A field's value in one line of text; exact decimals stay exact. */
export function fieldText(value: unknown, path: readonly string[]): string {
  if (isMissing(value)) return path.length === 2 && path[0] === "lines" ? t`no such line` : t`empty`;
  if (path.at(-1) === "qty" || path.at(-1) === "unit_price") return decimal(String(value));
  if (typeof value === "string" && path.at(-1)?.endsWith("_date")) return plainDay(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.map((each: object) => valuesOf(each).join(" ")).join(", ");
  return path[0] === "lines" ? lineText(value as Record<string, unknown>) : valuesOf(value).join(", ");
}

function lineText({ internal_sku, customer_sku_raw, qty, uom, unit_price }: Record<string, unknown>): string {
  const amount = isMissing(qty) ? undefined : [decimal(String(qty)), uom].filter(Boolean).join(" ");
  const price = isMissing(unit_price) ? undefined : t`at ${decimal(String(unit_price), 2)}`;
  return [amount, internal_sku ?? customer_sku_raw, price].filter(Boolean).join(" ");
}

function valuesOf(value: object | null): string[] {
  return Object.values(value ?? {})
    .filter((each) => !isMissing(each))
    .map(String);
}

/** The API's name for a field, `lines[0].qty`, as a path: by the line's number, not by its place. */
export function fieldPath(name: string, lines: readonly { line_no: number }[]): string[] {
  const parts = name.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  const line = parts[0] === "lines" ? lines[Number(parts[1])] : undefined;
  return line ? ["lines", String(line.line_no), ...parts.slice(2)] : parts;
}
