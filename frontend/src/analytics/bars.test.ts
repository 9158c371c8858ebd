import { expect, test } from "vitest";
import { asked, longestOf, success, times } from "./bars";

const NONE = { p50: null, p95: null };
const stretch = (day: number, requested: number, failed: number, seconds: [number, number] | null) => ({
  at: `2026-11-0${day}T00:00:00Z`,
  requested,
  delivered: requested - failed,
  confirmed: 0,
  failed,
  success_rate: requested ? (requested - failed) / requested : null,
  delivery_seconds: seconds ? { p50: seconds[0], p95: seconds[1] } : NONE,
  confirmation_seconds: NONE,
});
const series = [stretch(1, 4, 1, [2, 10]), stretch(2, 0, 0, null), stretch(3, 8, 8, [5, 40])];
const shape = (bars: { height: number; part: number }[]) => bars.map(({ height, part }) => [height, part]);

test("what failed is a part of what was asked for, beside the most of all", () => {
  expect(shape(asked(series, "30d"))).toEqual([[50, 12.5], [0, 0], [100, 100]]); // prettier-ignore
});

test("where nothing has ended there is neither success nor failure", () => {
  expect(shape(success(series, "30d"))).toEqual([[100, 25], [0, 0], [100, 100]]); // prettier-ignore
  expect(success(series, "30d").map(({ text }) => text.split(": ")[1])).toEqual(["75.0 %", "–", "0.0 %"]);
});

test("times are told beside the longest, and those that nobody knows have no bar", () => {
  expect(shape(times(series, "delivery_seconds", "30d"))).toEqual([[25, 5], [0, 0], [100, 12.5]]); // prettier-ignore
  expect(times(series, "delivery_seconds", "30d")[2]?.text).toContain("5.0 s / 40.0 s");
  expect(longestOf(series, "delivery_seconds")).toBe(40);
  expect(longestOf(series, "confirmation_seconds")).toBeNull();
  expect(shape(times(series, "confirmation_seconds", "30d"))).toEqual([[0, 0], [0, 0], [0, 0]]); // prettier-ignore
});
