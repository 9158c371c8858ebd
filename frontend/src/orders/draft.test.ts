import { expect, test } from "vitest";
import type { ExactLine, ExactOrder } from "../api/queries";
import { emptyLine, errorsOf, stored, reasonsOf } from "./draft";
import { ADJUSTMENTS, HEADER_FIELDS, TEXTS_BY_NAME } from "./orderFields";

const line = (line_no: number, more: Partial<ExactLine> = {}) =>
  ({ line_no, internal_sku: "INT-999", qty: "10.000", unit_price: "1.2300", currency: "EUR", ...more }) as ExactLine;

test("a form begins with an order's own digits, without the zeros that the database adds", () => {
  const lines = [line(1, { qty: "123456789012345.678", unit_price: null }), line(2)];
  const order = { version: 7, notes: "as it was", lines, status: "READY" } as unknown as ExactOrder;
  const { value, version } = stored(order);
  expect(version).toBe(7);
  expect(value.lines.map(({ qty, unit_price }) => [qty, unit_price])).toEqual([
    ["123456789012345.678", null],
    ["10", "1.23"],
  ]);
  expect(value).not.toHaveProperty("status");
});

test("no field of an order's head is lost by an edit", () => {
  const names = [...HEADER_FIELDS, ...TEXTS_BY_NAME, ...ADJUSTMENTS];
  const head = Object.fromEntries(names.map((name) => [name, `its ${name}`]));
  const order = { version: 1, ...head, lines: [] } as unknown as ExactOrder;
  expect(stored(order).value).toMatchObject(head);
});

test("one more line has the next number and the others' currency", () => {
  expect(emptyLine([line(3), line(7)])).toMatchObject({ line_no: 8, currency: "EUR", qty: null });
  expect(emptyLine([])).toMatchObject({ line_no: 1, currency: null });
});

test("what is wrong with a line is found by its number, not by its place", () => {
  const faults = [
    { field: "lines[1].qty", message: "must be over 0" },
    { field: "currency", message: "three letters" },
  ];
  const wrong = errorsOf(faults, [line(3), line(7)]);
  expect(wrong.get("lines.7.qty")).toBe("must be over 0");
  expect(wrong.get("currency")).toBe("three letters");
});

test("a reason says which fields it is about, or nothing", () => {
  const fields = [{ field: "lines[0].qty", message: "is more than there is" }, 7, "currency"];
  expect(reasonsOf({ code: "E", message: "Refused.", hint: null, details: { fields } })).toEqual([
    { field: "lines[0].qty", message: "is more than there is" },
    { field: "currency", message: "Refused." },
  ]);
  expect(reasonsOf({ code: "E", message: "Refused.", hint: null, details: null })).toEqual([]);
  expect(reasonsOf(null)).toEqual([]);
});
