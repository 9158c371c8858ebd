/**
 * Quantities, prices and amounts are exact decimals, which JavaScript's numbers are not: 123456789012345.678 would
 * change. So these stay the text that the API sent; it takes text as well.
 */
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const EXACT = new Set(["qty", "unit_price", "amount", "percent", "base_amount"]);

export function parseExact<T>(text: string): T {
  const keep: Reviver = (key, value, context) =>
    EXACT.has(key) && typeof value === "number" ? (context?.source ?? String(value)) : value;
  return JSON.parse(text, keep as Parameters<typeof JSON.parse>[1]) as T;
}
