import { expect, test } from "vitest";
import { isForPage, nextRow } from "./keys";

const plain = { ctrlKey: false, metaKey: false, altKey: false };
const inside = (selector: string) => ({ closest: (asked: string) => (asked.includes(selector) ? {} : null) });
const outside = { closest: () => null };

test("a key is the page's only where nobody types and no other key is held", () => {
  expect(isForPage({ ...plain, key: "j", target: outside })).toBe(true);
  expect(isForPage({ ...plain, key: "j", target: inside("textarea") })).toBe(false);
  expect(isForPage({ ...plain, key: "e", target: inside("[role=dialog]") })).toBe(false);
  expect(isForPage({ ...plain, ctrlKey: true, key: "r", target: outside })).toBe(false);
  expect(isForPage({ ...plain, key: "x", target: outside })).toBe(false);
});

test("j begins at the first row, k at the last, and neither goes past an end", () => {
  expect(nextRow(3, -1, 1)).toBe(0);
  expect(nextRow(3, -1, -1)).toBe(2);
  expect(nextRow(3, 2, 1)).toBe(2);
  expect(nextRow(3, 0, -1)).toBe(0);
});
