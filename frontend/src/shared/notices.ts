import type { Schemas } from "../api/client";

type Need = Pick<Schemas["Need"], "key" | "snoozed"> & { mark: { assigned_to: string | null } | null };

/** What this browser tells of while the page is not in view; kept in the browser, as its permission is. */
export interface Notices {
  /** The first of a new group: a failure or a state that nothing was in before. */
  first: boolean;
  /** What somebody gives me to take care of. */
  mine: boolean;
  /** From when until when nothing is told, by the clock of this computer; null: at all hours. */
  quiet: { from: string; to: string } | null;
}

const KEY = "orderflow.notices";
export const NONE: Notices = { first: false, mine: false, quiet: null };

export function keptNotices(): Notices {
  try {
    return { ...NONE, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Notices>) };
  } catch {
    return NONE;
  }
}

export function keepNotices(notices: Notices): void {
  localStorage.setItem(KEY, JSON.stringify(notices));
}

/** What is there now and was not before, of what one wants to be told. */
export function newsOf<T extends Need>(before: readonly Need[], now: readonly T[], me: string, wanted: Notices): T[] {
  const known = new Map(before.map((need) => [need.key, need]));
  const isMine = (need: Need | undefined) => need?.mark?.assigned_to === me;
  return now.filter((need) => {
    const was = known.get(need.key);
    if (wanted.mine && isMine(need) && !isMine(was)) return true;
    return wanted.first && !need.snoozed && was === undefined;
  });
}

/** Whether nothing is to be told now; hours that pass midnight are fine. */
export function isQuiet(now: Date, { quiet }: Notices): boolean {
  if (!quiet?.from || !quiet.to) return false;
  const time = `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`;
  const { from, to } = quiet;
  return from <= to ? from <= time && time < to : time >= from || time < to;
}
