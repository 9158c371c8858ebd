import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import type { ExactAdjustment, ExactLine } from "../api/queries";
import { decimal, plainDay, trimmed } from "../shared/format";
import { ADJUSTMENTS, lineLabel } from "./orderFields";

type Numbered = Pick<Schemas["OrderSummary"], "erp_order_id" | "erp_order_id_source">;

const ADDRESS = ["name", "contact", "street", "zip", "postal_code", "city", "country"];
const CODES: Record<string, string> = {
  gln: "GLN",
  vat: "VAT",
  duns: "DUNS",
  endpoint: t`Endpoint`,
  number_at_seller: t`Number at the seller`,
  number_at_buyer: t`Number at the buyer`,
};
const rank = (name: string) => (ADDRESS.includes(name) ? ADDRESS.indexOf(name) : ADDRESS.length);

/** An address as it is written on a letter: postal code and town in one line, codes below. */
export function addressLines(part: Record<string, unknown> | null): string[] {
  if (!part) return [];
  const town = [part.zip ?? part.postal_code, part.city].filter(Boolean).join(" ");
  const given = Object.entries(part).filter(([name, value]) => value && !IN_TOWN.has(name));
  const lines = given
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([name, value]) => [name, [CODES[name], value].filter(Boolean).join(" ")] as const);
  const before = lines.filter(([name]) => rank(name) < rank("city"));
  const after = lines.filter(([name]) => rank(name) > rank("city"));
  return [...before.map(([, line]) => line), town, ...after.map(([, line]) => line)].filter(Boolean);
}

const IN_TOWN = new Set(["zip", "postal_code", "city"]);

/** An address in one line, in the order in which one is written. */
export function addressText(part: Record<string, unknown> | null): string | null {
  if (!part) return null;
  return Object.keys(part)
    .sort((a, b) => rank(a) - rank(b))
    .filter((name) => part[name])
    .map((name) => [CODES[name], part[name]].filter(Boolean).join(" "))
    .join(", ");
}

/** Allowances, charges or taxes in one line: Freight 4.90, Discount 2.5 % */
export function adjustmentsText(of: ExactAdjustment[], currency: string | null): string | null {
  const texts = of.map(({ reason, code, amount, percent }) =>
    [
      reason ?? code,
      percent && `${trimmed(percent)} %`,
      amount && [decimal(amount, 2), currency].filter(Boolean).join(" "),
    ]
      .filter(Boolean)
      .join(" "),
  );
  return texts.join(", ") || null;
}

const OF_FEW_LINES = [
  "gtin",
  "buyer_article_number",
  "seller_article_number",
  "requested_delivery_date",
  "earliest_delivery_date",
  "latest_delivery_date",
  "promised_delivery_date",
] as const;

/** What few lines say, in one line of text. */
export function moreOfLine(line: ExactLine, currency: string | null): string {
  const fields = OF_FEW_LINES.filter((name) => line[name]).map(
    (name) => `${lineLabel(name)} ${name.endsWith("_date") ? plainDay(line[name]) : line[name]}`,
  );
  const adjustments = ADJUSTMENTS.filter((name) => line[name].length).map(
    (name) => `${lineLabel(name)}: ${adjustmentsText(line[name], line.currency ?? currency)}`,
  );
  return [...fields, ...adjustments].join(" · ");
}

export function customerText({ name, erp_customer_number }: Pick<Schemas["Customer"], "name" | "erp_customer_number">) {
  return [name, erp_customer_number && `(${erp_customer_number})`].filter(Boolean).join(" ");
}

/** The order's number in the ERP; the file's name, which stands in for it until it comes, is none. */
export function erpNumber({ erp_order_id, erp_order_id_source }: Numbered): string | null {
  return erp_order_id_source === "filename" ? null : erp_order_id;
}

/** The same, and who says so if the ERP does not. */
export function erpNumberText(order: Numbered & Pick<Schemas["Order"], "confirmed_by">): string | null {
  const number = erpNumber(order);
  return number && order.confirmed_by ? t`${number}, by hand by ${order.confirmed_by}` : number;
}
