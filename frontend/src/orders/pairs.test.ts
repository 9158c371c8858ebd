import { expect, test } from "vitest";
import { pairsOf } from "./pairs";

test("a table is read in whatever way a spreadsheet writes it", () => {
  const wanted = [
    { order: "PO-1", erp_order_id: "SO-1" },
    { order: "PO-2", erp_order_id: "SO-2" },
  ];
  for (const text of ["PO-1;SO-1\r\nPO-2;SO-2\r\n", "\uFEFFPO-1,SO-1\nPO-2,SO-2", 'PO-1\tSO-1\tmore\n\n"PO-2"\t"SO-2"'])
    expect(pairsOf(text)).toEqual({ pairs: wanted, bad: [] });
});

test("a line that lacks a number is told, and no other is lost for it", () => {
  expect(pairsOf("PO-1;SO-1\nPO-2\n;SO-3\n")).toEqual({
    pairs: [{ order: "PO-1", erp_order_id: "SO-1" }],
    bad: [2, 3],
  });
  expect(pairsOf("")).toEqual({ pairs: [], bad: [] });
});
