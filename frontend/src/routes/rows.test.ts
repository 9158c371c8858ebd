import { expect, test } from "vitest";
import { moved, NEW_ROW, operatorsOf, rowsOf, whenOf, whenText, withField, type Field } from "./rows";

const FIELDS: Field[] = [
  { name: "order.currency", kind: "text", of_lines: false, operators: ["=", "in", "contains"] },
  { name: "totals.amount", kind: "number", of_lines: false, operators: ["=", "<", "between"] },
];
const COUNTRY = { field: "ship_to.country", operator: "in", value: ["TR", "CY"] };
const LINES = { field: "lines.qty", operator: ">", value: "5", lines: "all" };

test.each([
  { all: [COUNTRY, LINES, { not: { field: "order.notes", operator: "is_empty" } }] },
  { any: [{ field: "totals.amount", operator: "between", value: ["1", "9"] }] },
  { all: [] },
])("what rows show is what they were made from", (when) => {
  const rows = rowsOf(when);
  expect(rows && whenOf(rows)).toEqual(when);
});

test("one condition is a row, groups within groups are none", () => {
  expect(rowsOf(COUNTRY)?.rows).toHaveLength(1);
  expect(rowsOf({ all: [{ any: [COUNTRY] }] })).toBeUndefined();
  expect(rowsOf({ not: { all: [COUNTRY] } })).toBeUndefined();
  expect(rowsOf({ not: COUNTRY })?.rows[0]?.not).toBe(true);
});

test("blank members of a list are left out", () => {
  const rows = [{ ...NEW_ROW, operator: "in", values: ["TR", " "] }];
  expect(whenOf({ all: true, rows })).toEqual({ all: [{ field: "ship_to.country", operator: "in", value: ["TR"] }] });
});

test("an operator stays if the other field has it", () => {
  expect(withField(NEW_ROW, "totals.amount", FIELDS).operator).toBe("=");
  expect(withField({ ...NEW_ROW, operator: "contains" }, "totals.amount", FIELDS).operator).toBe("=");
  expect(operatorsOf("bill_to.city", FIELDS)).toContain("contains");
});

test("a rule is told in words", () => {
  expect(whenText({ all: [COUNTRY, LINES] })).toBe(
    "ship_to.country is one of TR, CY and all line: lines.qty is more than 5",
  );
  expect(whenText({ all: [] })).toBe("every order");
  expect(whenText({ all: [{ any: [COUNTRY] }] })).toBe("groups of conditions");
});

test("a rule is moved within its list", () => {
  expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
});
