import { expect, test } from "vitest";
import { ago } from "./ago";

test.each([
  [0, "just now"],
  [4.9, "just now"],
  [-3, "just now"],
  [12, "12 sec ago"],
  [59.4, "59 sec ago"],
  [60, "1 min ago"],
  [3_599, "59 min ago"],
  [3_600, "1 hr ago"],
  [86_400, "yesterday"],
  [172_800, "2 days ago"],
  [-1_800, "in 30 min"],
])("%s seconds ago is %s", (seconds, said) => {
  expect(ago(seconds)).toBe(said);
});
