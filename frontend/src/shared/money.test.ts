import { expect, test } from "vitest";
import { decimalSign, money } from "./money";

test("amounts are written in the reader's way", () => {
  expect(money(1234.5, "EUR", "de")).toBe("1.234,50 EUR");
  expect(money(1234.5, null, "en")).toBe("1,234.50");
  expect(money(null, "EUR", "en")).toBe("–");
  expect(decimalSign("de")).toBe(",");
  expect(decimalSign("en")).toBe(".");
});
