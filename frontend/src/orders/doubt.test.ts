import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { isInDoubt } from "./doubt";

const order = (status: Schemas["OrderStatus"], ...actions: Schemas["OrderAction"][]) => ({ status, actions });
const delivery = (waits_for: Schemas["Export"]["waits_for"], code?: string) => ({
  waits_for,
  error: code ? ({ code } as Schemas["Problem"]) : null,
});

test("what a person may resolve is in doubt, whatever state the order is in", () => {
  expect(isInDoubt(order("PUSHING", "resolve_delivered"), delivery("DECISION"))).toBe(true);
  expect(isInDoubt(order("ERROR", "retry", "resolve_delivered"), delivery(null))).toBe(true);
});

test("who may not resolve it sees it as well", () => {
  expect(isInDoubt(order("PUSHING"), delivery("DECISION"))).toBe(true);
  expect(isInDoubt(order("PUSHING"), delivery("RETRY_TIME", "IN_DOUBT"))).toBe(true);
});

test("what surely did not arrive, or did, is not", () => {
  expect(isInDoubt(order("PUSHING"), delivery("RETRY_TIME", "TARGET_UNAVAILABLE"))).toBe(false);
  expect(isInDoubt(order("PUSHING", "withdraw"), delivery("WORKER"))).toBe(false);
  expect(isInDoubt(order("ERROR", "edit", "retry"), delivery(null, "IN_DOUBT"))).toBe(false);
  expect(isInDoubt(order("PUSHED", "confirm"), delivery(null))).toBe(false);
});
