import { expect, test } from "vitest";
import { filterOf } from "./filterOf";

test("every filter of the list counts for what is done to all found, its states too", () => {
  const wanted = {
    q: "PO",
    on_hold: true,
    differs: true,
    waits_for: ["HOLD" as const],
    status: ["NEEDS_REVIEW" as const],
    sort: "-number" as const,
    limit: 50,
    cursor: "x",
  };
  expect(filterOf(wanted)).toEqual({
    q: "PO",
    on_hold: true,
    differs: true,
    waits_for: ["HOLD"],
    status: ["NEEDS_REVIEW"],
    only_fit: true,
  });
});
