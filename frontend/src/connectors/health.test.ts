import { expect, test } from "vitest";
import { healthOf, isProven } from "./health";

const NOTHING = {
  status: "ACTIVE" as const,
  config_readable: true,
  last_test_at: null,
  delivered_at: null,
  test_error: null,
  health: { state: "CLOSED" as const },
};
const AT = "2026-01-05T10:00:00Z";
const FAILED = { code: "AUTH_FAILED", message: "The server refused the login.", hint: null, details: null };

test("a connector that nothing has proved is not healthy", () => {
  expect(healthOf(NOTHING)).toEqual({ state: "Untested" });
  expect(isProven(NOTHING)).toBe(false);
});

test("a passed test proves it, a delivery more", () => {
  expect(healthOf({ ...NOTHING, last_test_at: AT })).toEqual({
    state: "Healthy",
    proof: { what: "test passed", at: AT },
  });
  const delivered = { ...NOTHING, last_test_at: AT, delivered_at: AT };
  expect(healthOf(delivered)).toEqual({ state: "Healthy", proof: { what: "last delivery", at: AT } });
});

test("a failed test shows, whatever was proved before", () => {
  const failed = { ...NOTHING, last_test_at: AT, delivered_at: AT, test_error: FAILED };
  expect(healthOf(failed).state).toBe("Test failed");
  expect(isProven(failed)).toBe(false);
});

test.each([
  [{ status: "DISABLED" as const }, "Disabled"],
  [{ health: { state: "PAUSED" as const } }, "Needs you"],
  [{ config_readable: false }, "Needs you"],
  [{ health: { state: "OPEN" as const } }, "Out of reach"],
])("%j is %s, with all proofs", (given, state) => {
  expect(healthOf({ ...NOTHING, last_test_at: AT, delivered_at: AT, ...given }).state).toBe(state);
});
