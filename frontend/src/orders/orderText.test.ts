import { expect, test } from "vitest";
import { addressText, customerText, erpNumber, erpNumberText } from "./orderText";

test("an address stands in the order in which one is written, what we do not know last", () => {
  expect(addressText({ region: "NRW", city: "Köln", name: "Muster GmbH", zip: "50667", street: null })).toBe(
    "Muster GmbH, 50667, Köln, NRW",
  );
  expect(addressText(null)).toBeNull();
});

test("a customer is told by name and number, as far as they are there", () => {
  expect(customerText({ name: "Muster GmbH", erp_customer_number: "4711" })).toBe("Muster GmbH (4711)");
  expect(customerText({ name: null, erp_customer_number: "4711" })).toBe("(4711)");
  expect(customerText({ name: null, erp_customer_number: null })).toBe("");
});

test("a number that a person entered says whose word it is", () => {
  const numbered = { erp_order_id: "SO-1", erp_order_id_source: "hand" as const, confirmed_by: "ops@acme" };
  expect(erpNumberText(numbered)).toBe("SO-1, by hand by ops@acme");
  expect(erpNumberText({ ...numbered, erp_order_id_source: "erp", confirmed_by: null })).toBe("SO-1");
  expect(erpNumberText({ ...numbered, erp_order_id: null })).toBeNull();
});

test("a file's name that stands in for the number is not told as one", () => {
  const sent = { erp_order_id: "sales_order_1.json", erp_order_id_source: "filename" as const };
  expect(erpNumber(sent)).toBeNull();
});
