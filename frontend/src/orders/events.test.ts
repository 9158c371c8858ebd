import { expect, test } from "vitest";
import { changedFields, changeTitle, shownEvents, type Event, type Of } from "./events";

const AT = "2026-01-05T10:00:00Z";
const change = (action: string, before: object | null, after: object | null): Of<"change"> =>
  ({ kind: "change", at: AT, action, actor: "ops@acme.example", before, after, request_id: null }) as Of<"change">;
const answer = (at: string) => ({ kind: "answer", at, status: "ACKED", export_id: "e", error: null }) as Event;

test("a confirmation by hand is told as that, and not as the ERP's answer", () => {
  const byHand = change("DRAFT_CONFIRMED", { status: "PUSHED" }, { status: "CONFIRMED", erp_order_id: "SO-7" });
  expect(shownEvents([byHand, answer(AT)])).toEqual([byHand]);
  expect(changeTitle(byHand)).toBe("Confirmed by hand by ops@acme.example: SO-7");
});

test("the ERP's own answer stays", () => {
  const own = answer("2026-01-05T11:00:00Z");
  expect(shownEvents([own])).toEqual([own]);
});

test("an edit shows what it changed, line by line", () => {
  const line = { line_no: 1, qty: "30", uom: "M" };
  const edited = change(
    "DRAFT_EDITED",
    { notes: null, lines: [line], status: "APPROVED" },
    { notes: "Call", lines: [{ ...line, qty: "777" }], status: "READY" },
  );
  const told = changedFields(edited).map(({ path, original, theirs }) => [path.join("."), original, theirs]);
  expect(told).toEqual([
    ["notes", null, "Call"],
    ["lines.1.qty", "30", "777"],
  ]);
});

test("a revision is told where it says something else than the one before", () => {
  const revision = (changes: unknown[] | null) => ({ kind: "revision", at: AT, revision: 2, changes }) as Event;
  const differs = revision([{ path: ["notes"], before: null, after: "Call" }]);
  expect(shownEvents([revision(null), revision([]), differs])).toEqual([differs]);
});

test("an edit of very many lines tells their number", () => {
  const edited = change("DRAFT_EDITED", { lines: "101 changed lines" }, { lines: "102 changed lines" });
  expect(changedFields(edited)).toMatchObject([{ path: ["lines"], theirs: "102 changed lines" }]);
});

test.each([
  ["DRAFT_APPROVED", "Approved"],
  ["ACK_UNREADABLE", "The ERP's answer could not be read"],
  ["EXPORT_RESOLVED", "Doubt decided"],
])("%s is told as “%s”", (action, title) => {
  expect(changeTitle(change(action, null, null))).toBe(title);
});
