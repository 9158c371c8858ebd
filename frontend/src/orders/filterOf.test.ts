import { expect, test } from "vitest";
import { filterOf } from "./filterOf";

test("every filter of the list counts for what is done to all found", () => {
  const wanted = {
    q: "PO",
    on_hold: true,
    differs: true,
    waits_for: ["HOLD" as const],
    status: [],
    limit: 50,
    cursor: "x",
  };
  expect(filterOf(wanted)).toEqual({ q: "PO", on_hold: true, differs: true, waits_for: ["HOLD"] });
});
