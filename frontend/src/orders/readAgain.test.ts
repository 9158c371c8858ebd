import { expect, test } from "vitest";
import { readAgainOutcome } from "./readAgain";

const SENT = { status: "SENT" as const, erp_order_id: null, error: null, unreadable_answer: null };
const UNREADABLE = {
  export_id: "00000000-0000-0000-0000-000000000001",
  file: "ack_1.json",
  reason: "It is not JSON.",
  excerpt: "OK!",
  read_at: "2026-01-05T10:00:00Z",
};

test("an answer that is understood at last says what it says", () => {
  expect(readAgainOutcome({ ...SENT, status: "ACKED", erp_order_id: "SO-1" })).toEqual({
    settled: true,
    text: "The ERP confirmed it as SO-1.",
  });
  expect(readAgainOutcome({ ...SENT, status: "ACKED" }).text).toBe("The ERP confirmed it.");
  expect(readAgainOutcome({ ...SENT, status: "FAILED", error: { message: "Over the limit." } as never }).text).toBe(
    "The ERP refused it: Over the limit.",
  );
});

test("one that is not says why, also where it is another reason than before", () => {
  expect(readAgainOutcome({ ...SENT, unreadable_answer: UNREADABLE })).toEqual({
    settled: false,
    text: "It still cannot be read. It is not JSON.",
  });
});

test("one that another process reads just now is not called unreadable", () => {
  expect(readAgainOutcome(SENT)).toMatchObject({ settled: false, text: expect.stringContaining("being read") });
});
