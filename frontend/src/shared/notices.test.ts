import { expect, test } from "vitest";
import { isQuiet, newsOf, NONE } from "./notices";

const need = (key: string, assigned_to: string | null = null, snoozed = false) => ({
  key,
  snoozed,
  mark: { assigned_to },
});
const ALL = { first: true, mine: true, quiet: null };

test("the first of a new group is news, and more of it is none", () => {
  const now = [need("FAILED E1"), need("FAILED E2")];
  expect(newsOf([need("FAILED E1")], now, "me", ALL).map(({ key }) => key)).toEqual(["FAILED E2"]);
  expect(newsOf(now, now, "me", ALL)).toEqual([]);
  expect(newsOf([], now, "me", { ...ALL, first: false })).toEqual([]);
  expect(newsOf([], [need("FAILED E1", null, true)], "me", ALL)).toEqual([]);
});

test("what somebody gives me is news, and what they give others is none", () => {
  const before = [need("A"), need("B")];
  expect(newsOf(before, [need("A", "me"), need("B", "you")], "me", ALL).map(({ key }) => key)).toEqual(["A"]);
  expect(newsOf([need("A", "me")], [need("A", "me")], "me", ALL)).toEqual([]);
  expect(newsOf(before, [need("A", "me")], "me", { ...ALL, mine: false })).toEqual([]);
});

test.each([
  ["22:00", "07:00", 23, true],
  ["22:00", "07:00", 6, true],
  ["22:00", "07:00", 7, false],
  ["12:00", "13:00", 12, true],
  ["12:00", "13:00", 13, false],
])("quiet from %s to %s: at %i it is %s", (from, to, hour, quiet) => {
  expect(isQuiet(new Date(2026, 0, 5, hour), { ...NONE, quiet: { from, to } })).toBe(quiet);
});

test("without hours it is never quiet", () => {
  expect(isQuiet(new Date(), NONE)).toBe(false);
  expect(isQuiet(new Date(), { ...NONE, quiet: { from: "", to: "07:00" } })).toBe(false);
});
