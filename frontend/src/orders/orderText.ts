import type { Schemas } from "../api/client";

type Numbered = Pick<Schemas["OrderSummary"], "erp_order_id" | "erp_order_id_source">;

const ADDRESS = ["name", "contact", "street", "zip", "postal_code", "city", "country"];
const rank = (name: string) => (ADDRESS.includes(name) ? ADDRESS.indexOf(name) : ADDRESS.length);

/** An address in one line, in the order in which one is written. */
export function addressText(part: Record<string, unknown> | null): string | null {
  if (!part) return null;
  return Object.keys(part)
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => part[name])
    .filter(Boolean)
    .join(", ");
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
  return number && order.confirmed_by ? `${number}, by hand by ${order.confirmed_by}` : number;
}
