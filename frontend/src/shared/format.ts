const NUMBER = new Intl.NumberFormat("en");

export function count(value: number): string {
  return NUMBER.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Seconds as people say them: 85 ms, 1.2 s, 4 min, 3 h, 2 d. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

export function percent(share: number | null): string {
  return share === null ? "–" : `${(Math.floor(share * 1000) / 10).toFixed(share === 1 ? 0 : 1)} %`;
}

/** 10 from 10.000: the zeros that the database adds are left out. */
export function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** 1 234.5 from exact decimal text, without a float on the way; `places` decimals at least. */
export function decimal(text: string | null, places = 0): string {
  if (text === null) return "–";
  const [whole = "", fraction = ""] = trimmed(String(text)).split(".");
  const shown = fraction.padEnd(places, "0");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return shown ? `${grouped}.${shown}` : grouped;
}

/** DRAFT_PUSH_RETRIED → Draft push retried */
export function phrase(code: string): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
