import { expect, test } from "vitest";
import { pairsOf, withoutLines } from "./pairs";

test("a table is read in whatever way a spreadsheet writes it", () => {
  const wanted = [
    { order: "PO-1", erp_order_id: "SO-1" },
    { order: "PO-2", erp_order_id: "SO-2" },
  ];
  for (const text of ["PO-1;SO-1\r\nPO-2;SO-2\r\n", "\uFEFFPO-1,SO-1\nPO-2,SO-2", 'PO-1\tSO-1\tmore\n\n"PO-2"\t"SO-2"'])
    expect(pairsOf(text)).toMatchObject({ pairs: wanted, bad: [] });
});

test("a line that lacks a number is told, and no other is lost for it", () => {
  expect(pairsOf("PO-1\n;SO-2\nPO-3;SO-3\n")).toEqual({
    pairs: [{ order: "PO-3", erp_order_id: "SO-3" }],
    lines: [3],
    bad: [1, 2],
  });
  expect(pairsOf("")).toEqual({ pairs: [], lines: [], bad: [] });
});

test("lines are left out by their numbers", () => {
  expect(withoutLines("\uFEFFa;1\r\nb;2\nc;3\n", [2])).toBe("a;1\nc;3\n");
});
