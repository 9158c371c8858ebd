import type { Schemas } from "../api/client";
import type { Period } from "../api/queries";
import { readersLocale } from "../language/language";

type Point = Schemas["Point"];

const TIME = new Intl.DateTimeFormat(readersLocale(), { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(readersLocale(), { day: "numeric", month: "short" });
const MOMENT = new Intl.DateTimeFormat(readersLocale(), {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

export interface Span {
  at: string;
  /** On the axis, at most once for each day or time; empty for most. */
  label: string;
  when: string;
  total: number;
  counts: { confirmed: number; unanswered: number; failed: number; open: number };
}

/** The stretches of a chart, with what became of what was asked for in each; `most` of them have a label. */
export function spans(series: Point[], period: Period, most = 8): Span[] {
  const labels = labelled(
    series.map(({ at }) => (period === "24h" ? TIME : DAY).format(new Date(at))),
    most,
  );
  return series.map((point, index) => ({
    at: point.at,
    label: labels[index] ?? "",
    when: when(point.at, period),
    total: point.requested,
    counts: {
      confirmed: point.confirmed,
      unanswered: Math.max(0, point.delivered - point.confirmed),
      failed: point.failed,
      open: Math.max(0, point.requested - point.delivered - point.failed),
    },
  }));
}

/** When a stretch begins, as the reader writes it. */
export function when(at: string, period: Period): string {
  return (period === "30d" ? DAY : MOMENT).format(new Date(at));
}

/** Each text where it first comes, and of many only every second, third, … */
function labelled(texts: string[], most: number): string[] {
  const first = texts.map((text, index) => (texts.indexOf(text) === index ? text : ""));
  const step = Math.ceil(first.filter(Boolean).length / most);
  let seen = -1;
  return first.map((text) => (text && ++seen % step === 0 ? text : ""));
}

/** A round end of the axis that `most` fits under, and where it is marked: whole numbers, five at most. */
export function axis(most: number): { top: number; ticks: number[] } {
  const rough = Math.max(1, most / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const steps = Math.max(1, Math.ceil(most / step));
  return { top: steps * step, ticks: Array.from({ length: steps + 1 }, (_, index) => index * step) };
}
