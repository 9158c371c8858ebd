import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { isInDoubt, lookedAnew, seenDoubt } from "./doubt";

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

test("what a person says is about the doubt that they saw first, until they have looked once more", () => {
  const at = (perhaps_sent_at: string | null) => seenDoubt({ id: "a", perhaps_sent_at });
  expect(at("T1")).toEqual({ seen: "T1", anew: false });
  expect(at("T1")).toEqual({ seen: "T1", anew: false });
  expect(at(null)).toEqual({ seen: "T1", anew: false });
  expect(at("T2")).toEqual({ seen: "T1", anew: true });
  expect(at("T3")).toEqual({ seen: "T1", anew: true });
  lookedAnew("a");
  expect(at("T3")).toEqual({ seen: "T2", anew: true });
  lookedAnew("a");
  expect(at("T3")).toEqual({ seen: "T3", anew: false });
  expect(seenDoubt({ id: "b", perhaps_sent_at: "T4" })).toEqual({ seen: "T4", anew: false });
});

test("what is in no doubt is of none", () => {
  lookedAnew("c");
  expect(seenDoubt({ id: "c", perhaps_sent_at: null })).toEqual({ seen: null, anew: false });
});
