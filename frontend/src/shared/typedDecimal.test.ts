import { expect, test } from "vitest";
import { readTyped, typedOf } from "./typedDecimal";

test.each([
  ["12,50", ",", "12.50"],
  ["12.50", ",", "12.50"],
  ["1.234,5", ",", "1234.5"],
  ["1.234.567", ",", "1234567"],
  ["1 234,5", ",", "1234.5"],
  ["1’234.5", ".", "1234.5"],
  ["12,50", ".", "12.50"],
  ["1,234.5", ".", "1234.5"],
  ["123456789012345,678", ",", "123456789012345.678"],
  ["1234.567", ",", "1234.567"],
  ["777", ",", "777"],
  ["-0,5", ",", "-0.5"],
  ["a dozen", ",", "a dozen"],
  ["1,2,3", ",", "1,2,3"],
])("%s, where the decimal sign is %s, is %s", (typed, sign, exact) => {
  expect(readTyped(typed, sign as "." | ",")).toEqual({ exact });
});

test("what may be one of two numbers is neither", () => {
  expect(readTyped("1.250", ",").either).toEqual(["1250", "1,250"]);
  expect(readTyped("1,250", ".").either).toEqual(["1250", "1.250"]);
});

test("a number is shown as it is typed", () => {
  expect(typedOf("1234.5", ",")).toBe("1234,5");
  expect(readTyped(typedOf("1234.567", ","), ",")).toEqual({ exact: "1234.567" });
});
