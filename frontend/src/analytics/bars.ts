import type { Schemas } from "../api/client";
import type { Period } from "../api/queries";
import { when } from "../overview/spans";
import { count, duration, percent } from "../shared/format";

type Stretch = Schemas["Stretch"];

/** A bar for a stretch of time, with a part of it from the bottom; both in percent of the height. */
export interface Bar {
  at: string;
  height: number;
  part: number;
  text: string;
}

/** What was asked for, and the part of it that failed. */
export function asked(series: Stretch[], period: Period): Bar[] {
  const most = Math.max(1, ...series.map(({ requested }) => requested));
  return series.map(({ at, requested, failed }) => ({
    at,
    height: (100 * requested) / most,
    part: (100 * failed) / most,
    text: `${when(at, period)}: ${count(requested)}`,
  }));
}

/** How much of what has ended failed; no bar where nothing has. */
export function success(series: Stretch[], period: Period): Bar[] {
  return series.map(({ at, success_rate: rate }) => ({
    at,
    height: rate === null ? 0 : 100,
    part: rate === null ? 0 : 100 * (1 - rate),
    text: `${when(at, period)}: ${percent(rate)}`,
  }));
}

/** How long 95 % took, and the half of them. */
export function times(series: Stretch[], kind: "delivery_seconds" | "confirmation_seconds", period: Period): Bar[] {
  const longest = longestOf(series, kind);
  const height = (seconds: number | null) => (seconds === null ? 0 : longest ? (100 * seconds) / longest : 100);
  return series.map(({ at, [kind]: { p50, p95 } }) => ({
    at,
    height: height(p95),
    part: height(p50),
    text: `${when(at, period)}: ${duration(p50)} / ${duration(p95)}`,
  }));
}

/** The longest that 95 % took in a stretch; null: there is none. */
export function longestOf(series: Stretch[], kind: "delivery_seconds" | "confirmation_seconds"): number | null {
  const known = series.map(({ [kind]: { p95 } }) => p95).filter((seconds) => seconds !== null);
  return known.length ? Math.max(...known) : null;
}
