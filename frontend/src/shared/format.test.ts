import { expect, test } from "vitest";
import { count, decimal, duration, percent, phrase, trimmed } from "./format";

test("an exact decimal is grouped without becoming a number", () => {
  expect(decimal("123456789012345.678")).toBe("123,456,789,012,345.678");
  expect(decimal("33.25", 2)).toBe("33.25");
  expect(decimal("33.5", 2)).toBe("33.50");
  expect(decimal("10.000")).toBe("10");
  expect(decimal("-1234.50")).toBe("-1,234.5");
  expect(decimal(null)).toBe("–");
});

test.each([
  ["10.000", "10"],
  ["100", "100"],
  ["0.50", "0.5"],
  ["1.23", "1.23"],
])("the zeros that the database adds to %s are left out", (text, short) => {
  expect(trimmed(text)).toBe(short);
});

test.each([
  [0.085, "85 ms"],
  [1.23, "1.2 s"],
  [240, "4 min"],
  [10_800, "3 h"],
  [172_800, "2 d"],
  [null, "–"],
])("%s seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("a share is rounded down, so that only all of them are 100 %", () => {
  expect(percent(1)).toBe("100 %");
  expect(percent(0.99999)).toBe("99.9 %");
  expect(percent(null)).toBe("–");
});

test("a number is grouped", () => {
  expect(count(10_000)).toBe("10,000");
});

test("a code reads as words", () => {
  expect(phrase("DRAFT_PUSH_RETRIED")).toBe("Delivery retried");
});
