import { expect, test } from "vitest";
import { healthOf } from "./health";

const AT = "2026-01-05T10:00:00Z";
const ACTIVE = { status: "ACTIVE" as const, last_test_at: AT, delivered_at: AT };
const health = (
  proof: "UNTESTED" | "TEST_FAILED" | "TESTED" | "DELIVERED",
  state: "CLOSED" | "OPEN" | "PAUSED" = "CLOSED",
) => ({
  ...ACTIVE,
  health: { state, proof, rests_until: null as string | null },
});

test("healthy is only what something proved, and it says what", () => {
  expect(healthOf(health("UNTESTED"))).toEqual({ state: "Untested" });
  expect(healthOf(health("TEST_FAILED"))).toEqual({ state: "Test failed" });
  expect(healthOf(health("TESTED"))).toEqual({ state: "Healthy", because: { what: "test passed", at: AT } });
  expect(healthOf(health("DELIVERED"))).toEqual({ state: "Healthy", because: { what: "first delivered", at: AT } });
});

test("one whose answers cannot be fetched is not healthy, whatever it delivers; one that got a strange answer is", () => {
  const polled = (code: string) => ({
    ...health("DELIVERED"),
    health: { ...health("DELIVERED").health, poll_error: { code } },
  });
  expect(healthOf(polled("CONNECTION_REFUSED"))).toEqual({ state: "Needs you" });
  expect(healthOf(polled("ACKS_UNREADABLE")).state).toBe("Healthy");
});

test("an ERP that is busy rests its connector, until when is said, whatever proved it before", () => {
  for (const proof of ["UNTESTED", "TEST_FAILED", "TESTED", "DELIVERED"] as const) {
    const { health: rests, ...connector } = health(proof);
    expect(healthOf({ ...connector, health: { ...rests, rests_until: AT } })).toEqual({
      state: "Resting",
      because: { what: "the ERP is busy, goes on", at: AT },
    });
  }
});

test("one that is closed says when it opens", () => {
  const { health: usual, ...connector } = health("TESTED");
  expect(healthOf({ ...connector, health: { ...usual, closed: true, opens_at: AT } })).toEqual({
    state: "Closed",
    because: { what: "opens", at: AT },
  });
});

test("one that rests and is out of reach, or off, is told as that", () => {
  const resting = (state: "OPEN" | "PAUSED") => ({
    ...ACTIVE,
    health: { state, proof: "TESTED" as const, rests_until: AT },
  });
  expect(healthOf(resting("OPEN")).state).toBe("Out of reach");
  expect(healthOf(resting("PAUSED")).state).toBe("Needs you");
  expect(healthOf({ ...resting("OPEN"), status: "DISABLED" }).state).toBe("Disabled");
});

test("what keeps it from delivering comes before what it proved once", () => {
  expect(healthOf({ ...health("DELIVERED"), status: "DISABLED" }).state).toBe("Disabled");
  expect(healthOf({ ...health("DELIVERED"), config_readable: false }).state).toBe("Needs you");
  expect(healthOf(health("DELIVERED", "PAUSED")).state).toBe("Needs you");
  expect(healthOf(health("DELIVERED", "OPEN")).state).toBe("Out of reach");
});
