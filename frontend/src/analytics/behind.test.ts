import { expect, test } from "vitest";
import { behind, narrowed } from "./behind";

test("a number leads to what is behind it", () => {
  const since = "2026-11-29T12:00:00Z";
  expect(behind("reason", "A&B", since)).toBe("/deliveries?error_code=A%26B&since=2026-11-29");
  expect(behind("customer", "4711", since)).toBe("/orders?q=4711&since=2026-11-29");
  expect(behind("route", null, since)).toBeNull();
});

test("of one connector, its own reasons", () => {
  const since = "2026-11-29T12:00:00Z";
  const failed = (of: Parameters<typeof behind>[3]) => behind("reason", "LATE", since, of);
  expect(failed({ by: "connection", key: "7" })).toBe("/deliveries?error_code=LATE&connection_id=7&since=2026-11-29");
  expect(failed({ by: "customer", key: "4711" })).toBe("/deliveries?error_code=LATE&since=2026-11-29");
  expect(failed({ by: "route", key: null })).toBe("/deliveries?error_code=LATE&since=2026-11-29");
  expect(narrowed("connection", "7")).toEqual({ connection_id: "7" });
  expect(narrowed("route", null)).toEqual({ route: "" });
});
