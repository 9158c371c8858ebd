import { expect, test } from "vitest";
import { behind } from "./behind";

test("a number leads to what is behind it", () => {
  const since = "2026-11-29T12:00:00Z";
  expect(behind("reason", "A&B", since)).toBe("/deliveries?error_code=A%26B&since=2026-11-29");
  expect(behind("customer", "4711", since)).toBe("/orders?q=4711&since=2026-11-29");
  expect(behind("route", null, since)).toBeNull();
});
