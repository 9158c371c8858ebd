import { expect, test } from "vitest";
import { dayOf, dayStart, taken } from "./useFilters";

test("a day begins at midnight where the reader is, and ends where the next begins", () => {
  const begins = dayStart("2026-02-28") ?? "";
  const ends = dayStart("2026-02-28", 1) ?? "";
  expect(new Date(begins).getHours()).toBe(0);
  expect(dayOf(new Date(begins))).toBe("2026-02-28");
  expect(dayOf(new Date(ends))).toBe("2026-03-01");
});

test("what is no day filters nothing", () => {
  expect(dayStart("soon")).toBeUndefined();
  expect(dayStart(undefined)).toBeUndefined();
});

test("what is typed stays until the address says something else by another hand", () => {
  const typed = { text: "Muster G", there: "", asked: "Muster" };
  expect(taken(typed, "Muster")).toEqual({ text: "Muster G", there: "Muster", asked: "Muster" });
  expect(taken({ text: "Muster ", there: "Muster", asked: "Muster" }, "")).toEqual({ text: "", there: "", asked: "" });
  expect(taken({ text: "Muster", there: "", asked: "" }, "PO-1").text).toBe("PO-1");
});
