import { expect, test } from "vitest";
import { healthOf } from "./health";

const AT = "2026-01-05T10:00:00Z";
const ACTIVE = { status: "ACTIVE" as const, last_test_at: AT, delivered_at: AT };
const health = (
  proof: "UNTESTED" | "TEST_FAILED" | "TESTED" | "DELIVERED",
  state: "CLOSED" | "OPEN" | "PAUSED" = "CLOSED",
) => ({
  ...ACTIVE,
  health: { state, proof },
});

test("healthy is only what something proved, and it says what", () => {
  expect(healthOf(health("UNTESTED"))).toEqual({ state: "Untested" });
  expect(healthOf(health("TEST_FAILED"))).toEqual({ state: "Test failed" });
  expect(healthOf(health("TESTED"))).toEqual({ state: "Healthy", proof: { what: "test passed", at: AT } });
  expect(healthOf(health("DELIVERED"))).toEqual({ state: "Healthy", proof: { what: "delivers since", at: AT } });
});

test("what keeps it from delivering comes before what it proved once", () => {
  expect(healthOf({ ...health("DELIVERED"), status: "DISABLED" }).state).toBe("Disabled");
  expect(healthOf({ ...health("DELIVERED"), config_readable: false }).state).toBe("Needs you");
  expect(healthOf(health("DELIVERED", "PAUSED")).state).toBe("Needs you");
  expect(healthOf(health("DELIVERED", "OPEN")).state).toBe("Out of reach");
});
