import { expect, test } from "vitest";
import { isNew, needCauses, needLink, needTitle, putOffChoices, type Need } from "./needText";

const NEED: Need = {
  key: "FAILED E1",
  kind: "FAILED",
  code: "E1",
  connection_id: null,
  connection_name: null,
  orders: 3,
  customers: 2,
  causes: 1,
  texts: [{ message: "Customer QUICK is blocked.", orders: 3 }],
  hint: null,
  since: "2026-01-05T07:00:00Z",
  latest_at: "2026-01-05T09:00:00Z",
  mark: null,
  snoozed: false,
};

test("a group says how many orders it has, and where more were not counted", () => {
  expect(needTitle(NEED)).toBe("3 orders failed");
  expect(needTitle({ ...NEED, kind: "READY", orders: 1 })).toBe("1 order waits for approval");
  expect(needTitle({ ...NEED, kind: "READY", orders: 10_000 })).toBe("10,000 orders or more wait for approval");
});

test("causes are told as they are, with their orders where they differ, and none is kept back unsaid", () => {
  expect(needCauses(NEED)).toEqual(["Customer QUICK is blocked."]);
  const texts = [
    { message: "Customer QUICK is blocked.", orders: 2 },
    { message: null, orders: 1 },
  ];
  expect(needCauses({ ...NEED, texts, causes: 4 })).toEqual([
    "Customer QUICK is blocked. (2)",
    "No reason was given. (1)",
    "and 2 other causes",
  ]);
});

test("what leads to a list leads to just these", () => {
  expect(needLink({ ...NEED, code: "A&B" })).toBe("/orders?status=ERROR&error_code=A%26B");
  expect(needLink({ ...NEED, kind: "OVERDUE", connection_id: "7" })).toBe("/deliveries?view=overdue&connection_id=7");
});

test("new is what came since the last visit, and nothing at the first", () => {
  expect(isNew(NEED, "2026-01-05T08:00:00Z")).toBe(true);
  expect(isNew(NEED, "2026-01-05T10:00:00Z")).toBe(false);
  expect(isNew(NEED, null)).toBe(false);
});

test("Monday is offered unless it is tomorrow, and never today", () => {
  const labels = (day: number) => putOffChoices(new Date(2026, 0, day, 10)).map(({ until }) => until.getDate());
  expect(labels(7)).toEqual([7, 8, 12]); // a Wednesday
  expect(labels(4)).toEqual([4, 5]); // a Sunday
  expect(labels(5)).toEqual([5, 6, 12]); // a Monday
});
