import { expect, test } from "vitest";
import { jobText, through } from "./jobText";

test("a job says what it does, and where to", () => {
  expect(jobText({ action: "retry", connection_name: null })).toBe("Retry");
  expect(jobText({ action: "move", connection_name: "Köln" })).toBe("Move to Köln");
});

test("a job is through when nothing is left, also of nothing, and not before", () => {
  expect(through({ total: 0, left: 0 })).toBe(100);
  expect(through({ total: 1_000, left: 1 })).toBe(99);
  expect(through({ total: 3, left: 0 })).toBe(100);
});
