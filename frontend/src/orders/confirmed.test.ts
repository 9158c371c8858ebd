import { expect, test } from "vitest";
import type { ExactConfirmed, ExactConfirmedLine, ExactLine } from "../api/queries";
import { byLine, differenceText, saidOf } from "./confirmed";

const LINE = { line_no: 1, uom: "M", qty: "10.000", unit_price: "1.2300", currency: null } as ExactLine;
const ANSWER: ExactConfirmedLine = {
  line_no: 1,
  status: "accepted",
  qty: "10",
  uom: null,
  unit_price: null,
  currency: null,
  sku: null,
  schedules: [],
  code: null,
  message: null,
};

function confirmed(changes: Partial<ExactConfirmed>) {
  return byLine({
    confirmation: "CHANGED",
    export_id: "x",
    answered_at: "2026-01-05T10:00:00Z",
    other_lines: "unanswered",
    currency: "EUR",
    lines: [],
    differences: [],
    accepted_at: null,
    accepted_by: null,
    ...changes,
  });
}

test("a line as ordered shows its quantity, unmarked", () => {
  const said = saidOf(LINE, confirmed({ lines: [ANSWER] }), "EUR");
  expect(said).toEqual([{ field: "qty", text: "10 M", differs: false }]);
});

test("what differs is marked, and no digit of it is lost", () => {
  const schedules = [
    { date: "2026-02-08", qty: 5 },
    { date: "2026-02-15", qty: null },
  ];
  const line: ExactConfirmedLine = {
    ...ANSWER,
    status: "changed",
    qty: "8",
    unit_price: "1.23000000000000001",
    schedules,
  };
  const differences = (["qty", "unit_price", "delivery_date"] as const).map((field) => ({
    line_no: 1,
    field,
    ordered: "1",
    confirmed: "2",
  }));
  expect(saidOf(LINE, confirmed({ lines: [line], differences }), "EUR")).toEqual([
    { field: "status", text: "changed", differs: false },
    { field: "qty", text: "8 M", differs: true },
    { field: "unit_price", text: "1.23000000000000001 EUR", differs: true },
    { field: "delivery_date", text: "8 Feb 2026: 5, 15 Feb 2026", differs: true },
  ]);
});

test("a line that the answer does not name says what holds for it", () => {
  const unanswered = { line_no: 1, field: "status" as const, ordered: null, confirmed: "unanswered" };
  const dropped = { line_no: 1, field: "line" as const, ordered: "10", confirmed: null };
  const text = (differences: ExactConfirmed["differences"]) =>
    saidOf(LINE, confirmed({ differences }), "EUR").map((said) => [said.text, said.differs]);
  expect(text([unanswered])).toEqual([["unanswered", true]]);
  expect(text([dropped])).toEqual([["not in the ERP's order", true]]);
  expect(text([])).toEqual([["as ordered", false]]);
});

test("a difference is told as a sentence", () => {
  const told = [
    { line_no: 2, field: "unit_price" as const, ordered: "0.1", confirmed: "0.12" },
    { line_no: 3, field: "status" as const, ordered: null, confirmed: "rejected" },
    { line_no: 4, field: "line" as const, ordered: "1", confirmed: null },
    { line_no: null, field: "line" as const, ordered: null, confirmed: "1 FREIGHT" },
  ].map(differenceText);
  expect(told).toEqual([
    "Line 2, unit price: 0.1 was ordered, 0.12 confirmed.",
    "Line 3: rejected.",
    "Line 4 is not in the ERP's order.",
    "The ERP added 1 FREIGHT.",
  ]);
});
