import { expect, test } from "vitest";
import { axis, spans } from "./spans";

const HOUR = 3_600_000;
const series = (count: number, hours: number) =>
  Array.from({ length: count }, (_, index) => ({
    at: new Date(Date.UTC(2026, 10, 22, 12) + index * hours * HOUR).toISOString(),
    requested: 10,
    delivered: 6,
    confirmed: 4,
    failed: 3,
  }));

test("what was asked for is told by what became of it", () => {
  const [span] = spans(series(1, 1), "24h");
  expect(span).toMatchObject({ total: 10, counts: { confirmed: 4, unanswered: 2, failed: 3, open: 1 } });
});

test.each([
  ["7d", 28, 6],
  ["30d", 30, 24],
  ["24h", 24, 1],
] as const)("no label of %s comes twice, and there is room for each", (period, count, hours) => {
  const labels = spans(series(count, hours), period)
    .map(({ label }) => label)
    .filter(Boolean);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels.length).toBeGreaterThan(3);
  expect(labels.length).toBeLessThanOrEqual(8);
});

test.each([0, 1, 3, 4, 5, 7, 39, 40, 41, 99, 1_234, 1_000_000])(
  "the axis for %s ends above it, in whole numbers",
  (most) => {
    const { top, ticks } = axis(most);
    expect(top).toBeGreaterThanOrEqual(Math.max(1, most));
    expect(top).toBeLessThanOrEqual(Math.max(4, most * 2));
    expect(ticks.length).toBeLessThanOrEqual(5);
    expect(ticks.every(Number.isInteger)).toBe(true);
    expect(ticks.at(-1)).toBe(top);
  },
);
