import { t } from "@lingui/core/macro";
import type { Schemas } from "../../api/client";
import { readersLocale } from "../../language/language";

export type Hours = Schemas["OpeningHours"];

export const DAYS = {
  mon: t`Monday`,
  tue: t`Tuesday`,
  wed: t`Wednesday`,
  thu: t`Thursday`,
  fri: t`Friday`,
  sat: t`Saturday`,
  sun: t`Sunday`,
} as const;
export type Day = keyof typeof DAYS;
export const WEEK = Object.keys(DAYS) as Day[];

/** Hours as the form has them: what is typed, as it is typed. */
export interface Draft {
  /** It is open at all hours; what else is here does not count then. */
  always: boolean;
  zone: string;
  week: Record<Day, string>;
  country: string | null;
  subdivision: string | null;
  closed: string;
}

const OFFICE = "08:00-17:00";

export function draftOf(hours: Hours | null): Draft {
  const week = (each: (day: Day) => string) => Object.fromEntries(WEEK.map((day) => [day, each(day)])) as Draft["week"];
  if (!hours)
    return {
      always: true,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      week: week((day) => (day === "sat" || day === "sun" ? "" : OFFICE)),
      country: null,
      subdivision: null,
      closed: "",
    };
  return {
    always: false,
    zone: hours.time_zone,
    week: week((day) => (hours.weekly[day] ?? []).join(", ")),
    country: hours.holidays?.country ?? null,
    subdivision: hours.holidays?.subdivision ?? null,
    closed: (hours.closed_days ?? []).join(", "),
  };
}

export function hoursOf({ always, zone, week, country, subdivision, closed }: Draft): Hours | null {
  if (always) return null;
  const days = WEEK.map((day) => [day, listed(week[day])] as const).filter(([, spans]) => spans.length > 0);
  const holidays = country ? { country, ...(subdivision ? { subdivision } : {}) } : undefined;
  return {
    time_zone: zone,
    weekly: Object.fromEntries(days),
    ...(holidays && { holidays }),
    closed_days: listed(closed),
  };
}

function listed(typed: string): string[] {
  return typed.split(/[\s,;]+/).filter(Boolean);
}

const WEEKDAY = new Intl.DateTimeFormat(readersLocale(), {
  weekday: "short",
  day: "numeric",
  month: "short",
  timeZone: "UTC",
});

/** A day as people say it. */
export function dayText(day: string): string {
  return WEEKDAY.format(new Date(`${day}T00:00:00Z`));
}

/** 2026-11-30T08:00:00+01:00 → Mon 30 Nov 08:00, by the clock on the wall there. */
export function wallText(moment: string): string {
  return `${dayText(moment.slice(0, 10))} ${moment.slice(11, 16)}`;
}

/** Minutes since midnight of a day, by the clock on the wall there; the next midnight is 1440. */
export function minuteOf(moment: string, day: string): number {
  if (moment.slice(0, 10) > day) return 1440;
  return Number(moment.slice(11, 13)) * 60 + Number(moment.slice(14, 16));
}

/** 08:00–12:00 */
export function spanText({ begins_at, ends_at }: Schemas["OpenTime"], day: string): string {
  const end = minuteOf(ends_at, day) === 1440 ? "24:00" : ends_at.slice(11, 16);
  return `${begins_at.slice(11, 16)}–${end}`;
}
