import { t } from "@lingui/core/macro";
import { readersLocale } from "../language/language";
import { CODES } from "./codes";

const NUMBER = new Intl.NumberFormat(readersLocale());
const TENTHS = new Intl.NumberFormat(readersLocale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function count(value: number): string {
  return NUMBER.format(value);
}

export function tenths(value: number): string {
  return TENTHS.format(value);
}

const DAY = new Intl.DateTimeFormat(readersLocale(), { dateStyle: "medium" });

/** The day of a moment, as the reader writes it. */
export function day(at: string | null): string {
  return at === null ? "–" : DAY.format(new Date(at));
}

/** A day without a time, `2026-01-31`, as the reader writes it; what is none stays as it is. */
export function plainDay(text: string | null | undefined): string {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? "") ?? [];
  return year ? DAY.format(new Date(Number(year), Number(month) - 1, Number(date))) : (text ?? "–");
}

/** What `Intl` keeps of a decimal, all of them. */
const MOST_PLACES = 20;

/** Seconds as people say them: 85 ms, 1.2 s, 4 min, 3 h, 2 d. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return t`${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return t`${TENTHS.format(seconds)} s`;
  if (seconds < 3_600) return t`${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? t`${Math.round(seconds / 3_600)} h` : t`${Math.round(seconds / 86_400)} d`;
}

export function percent(share: number | null): string {
  return share === null ? "–" : `${share === 1 ? 100 : TENTHS.format(Math.floor(share * 1000) / 10)} %`;
}

/** 10 from 10.000: the zeros that the database adds are left out. */
export function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** 1,234.5 from exact decimal text, without a float on the way, as the reader writes it; `places` decimals at least. */
export function decimal(text: string | null, places = 0): string {
  if (text === null) return "–";
  const digits = { minimumFractionDigits: places, maximumFractionDigits: MOST_PLACES };
  return new Intl.NumberFormat(readersLocale(), digits).format(String(text) as Intl.StringNumericLiteral);
}

/** DRAFT_PUSH_RETRIED → Draft push retried, in the reader's language where that has words for it. */
export function phrase(code: string): string {
  const known = CODES[code];
  if (known) return known;
  const words = code.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
