import { expect, test } from "vitest";
import { fieldLabel, fieldPath, fieldText } from "./orderFields";

test.each([
  [["notes"], "Notes"],
  [["customer", "name"], "Customer"],
  [["ship_to", "city"], "Ship to: City"],
  [["lines", "2"], "Line 2"],
  [["lines", "2", "qty"], "Line 2: Quantity"],
  [["a_new_field"], "A new field"],
])("%j is called %s", (path, label) => {
  expect(fieldLabel(path)).toBe(label);
});

test("values are told in one line, and exact", () => {
  expect(fieldText("123456789012345.678", ["lines", "1", "qty"])).toBe("123,456,789,012,345.678");
  expect(fieldText(null, ["notes"])).toBe("empty");
  expect(fieldText(undefined, ["lines", "3"])).toBe("no such line");
  const line = { line_no: 3, internal_sku: "INT-999", qty: "10.000", uom: "M", unit_price: "1.2000" };
  expect(fieldText(line, ["lines", "3"])).toBe("10 M INT-999 at 1.20");
  expect(fieldText([{ reason: "Freight", amount: "4.9000", code: null }], ["charges"])).toBe("Freight 4.9000");
  expect(fieldText({ name: "Muster GmbH", street: null, city: "Köln" }, ["ship_to"])).toBe("Muster GmbH, Köln");
});

test("what the API says of a line's place is found by the line's number", () => {
  expect(fieldPath("lines[1].qty", [{ line_no: 10 }, { line_no: 20 }])).toEqual(["lines", "20", "qty"]);
  expect(fieldPath("customer.name", [])).toEqual(["customer", "name"]);
});
