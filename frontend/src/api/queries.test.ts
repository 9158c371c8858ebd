import { expect, test } from "vitest";
import { aboutOf } from "./queries";

test("what stays while the next answer is on its way is about the same, with whichever filters", () => {
  expect(aboutOf(["orders", { q: "PO" }])).toBe(aboutOf(["orders", { limit: 50 }]));
  expect(aboutOf(["order", "1"])).not.toBe(aboutOf(["order", "2"]));
  expect(aboutOf(["job-results", "1", { limit: 50 }])).not.toBe(aboutOf(["job-results", "2", { limit: 50 }]));
  expect(aboutOf()).not.toBe(aboutOf(["orders", {}]));
});
