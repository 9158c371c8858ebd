import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { unreadOf } from "./unread";

const problem = (code: string, details?: Record<string, unknown>) => ({ code, details }) as Schemas["Problem"];

test("answers that could not be read are counted, those of orders and those of nobody", () => {
  const found = problem("ACKS_UNREADABLE", { unreadable: 2, unmatched: 1 });
  expect(unreadOf(found)).toEqual({ unreadable: 2, unmatched: 1 });
  expect(unreadOf(problem("ACKS_UNREADABLE", { unreadable: 2 }))).toEqual({ unreadable: 2, unmatched: 0 });
  expect(unreadOf(problem("ACKS_UNREADABLE"))).toEqual({ unreadable: 0, unmatched: 0 });
});

test("another trouble with the answers counts none", () => {
  expect(unreadOf(null)).toEqual({ unreadable: 0, unmatched: 0 });
  expect(unreadOf(problem("AUTH_FAILED", { unreadable: 2 }))).toEqual({ unreadable: 0, unmatched: 0 });
});
