import { expect, test } from "vitest";
import type { ExactAdjustment, ExactLine } from "../api/queries";
import {
  addressLines,
  addressText,
  adjustmentsText,
  customerText,
  erpNumber,
  erpNumberText,
  moreOfLine,
} from "./orderText";

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

const charge = (more: Partial<ExactAdjustment>) =>
  ({ code: null, reason: null, amount: null, percent: null, base_amount: null, ...more }) as ExactAdjustment;

test("what a party is known by has its name before it", () => {
  expect(addressText({ gln: "4012345000009", name: "Muster GmbH", vat: "" })).toBe("Muster GmbH, GLN 4012345000009");
});

test("allowances and charges are told in one line", () => {
  const several = [charge({ reason: "Freight", amount: "4.9000" }), charge({ code: "95", percent: "2.5000" })];
  expect(adjustmentsText(several, "EUR")).toBe("Freight 4.90 EUR, 95 2.5 %");
  expect(adjustmentsText([], "EUR")).toBeNull();
});

test("what few lines say is told by its names", () => {
  const line = {
    gtin: "4006381333931",
    allowances: [],
    charges: [charge({ amount: "1.0000" })],
    taxes: [],
    currency: null,
  };
  expect(moreOfLine(line as unknown as ExactLine, "EUR")).toBe("GTIN 4006381333931 · Charges: 1.00 EUR");
});

test("an address is written as on a letter", () => {
  const address = { country: "Germany", city: "Köln", postal_code: "50667", name: "Muster GmbH", gln: "40", dock: "7" };
  expect(addressLines(address)).toEqual(["Muster GmbH", "50667 Köln", "Germany", "GLN 40", "7"]);
  expect(addressLines(null)).toEqual([]);
  expect(addressLines({ name: "" })).toEqual([]);
});
