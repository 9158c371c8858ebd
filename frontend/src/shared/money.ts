import { readersLocale } from "../language/language";

/** An amount as the reader writes numbers; what it is worth in is said beside it, as currencies are no language. */
export function money(amount: number | null, currency?: string | null, locale = readersLocale()): string {
  if (amount === null) return "–";
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return [new Intl.NumberFormat(locale, digits).format(amount), currency].filter(Boolean).join(" ");
}

/** How the reader writes decimals. */
export function decimalSign(locale = readersLocale()): "." | "," {
  return new Intl.NumberFormat(locale).format(0.5).includes(",") ? "," : ".";
}
