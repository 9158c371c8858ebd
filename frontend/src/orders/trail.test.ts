import { expect, test } from "vitest";
import { neighbours } from "./trail";

test("one goes on to the next and back, not past an end, and nowhere from what is not in the list", () => {
  expect(neighbours(["a", "b", "c"], "b")).toEqual({ before: "a", after: "c" });
  expect(neighbours(["a", "b"], "a")).toEqual({ before: undefined, after: "b" });
  expect(neighbours(["a"], "x")).toEqual({});
});
