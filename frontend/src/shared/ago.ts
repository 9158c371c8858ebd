import { t } from "@lingui/core/macro";
import { readersLocale } from "../language/language";
const RELATIVE = new Intl.RelativeTimeFormat(readersLocale(), { numeric: "auto", style: "short" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago that was, as people say it; seconds that are still to come are negative. */
export function ago(seconds: number): string {
  for (const [unit, size] of STEPS)
    if (Math.abs(seconds) >= size) return RELATIVE.format(-Math.trunc(seconds / size), unit);
  if (Math.abs(seconds) < 5) return t`just now`;
  return RELATIVE.format(-Math.round(seconds), "second");
}
