import { useEffect, useEffectEvent, useState } from "react";
import { useSearchParams } from "react-router";
import { placed } from "./place";

export type Filters = ReturnType<typeof useFilters>;

/** What stands in the address and always in sight, on a phone too. */
const IN_SIGHT = new Set(["q", "sort", "view", "route", "import_id"]);

/** Filters that live in the address, so that they can be linked to and survive a reload; another one leads to page 1. */
export function useFilters() {
  const [params, setParams] = useSearchParams();
  const set = (changes: Record<string, string | string[] | null | undefined>) =>
    setParams(
      (before) => {
        const after = placed(before);
        for (const [name, value] of Object.entries(changes)) {
          after.delete(name);
          for (const each of [value ?? []].flat()) if (each) after.append(name, each);
        }
        return after;
      },
      { replace: true },
    );
  return {
    one: (name: string) => params.get(name) ?? undefined,
    all: (name: string) => params.getAll(name),
    set,
    key: placed(params).toString(),
    /** How many filters narrow the list, beside those that always show. */
    narrowing: [...placed(params).keys()].filter((name, at, all) => !IN_SIGHT.has(name) && all.indexOf(name) === at)
      .length,
  };
}

const PAUSE = 250;

/** What is typed into a filter, and what of it the address has, or was asked to have. */
export interface Typed {
  text: string;
  /** In the address when one looked last. */
  there: string;
  asked: string;
}

/** The same once the address has something else: what was typed there stays as it was typed, anything else replaces it. */
export function taken(typed: Typed, there: string): Typed {
  return { text: there === typed.asked ? typed.text : there, there, asked: there };
}

/** A filter that is typed: its text, and what takes it in; it narrows the list some milliseconds after the last key. */
export function useTyped(filters: Filters, name: string): [text: string, type: (text: string) => void] {
  const there = filters.one(name) ?? "";
  const [typed, setTyped] = useState<Typed>({ text: there, there, asked: there });
  if (typed.there !== there) setTyped(taken(typed, there));
  const { text, asked } = typed;
  const wanted = text.trim();
  const narrow = useEffectEvent(() => {
    setTyped((before) => ({ ...before, asked: wanted }));
    filters.set({ [name]: wanted });
  });
  useEffect(() => {
    if (wanted === asked) return;
    const soon = window.setTimeout(() => narrow(), PAUSE);
    return () => window.clearTimeout(soon);
  }, [wanted, asked]);
  return [text, (now) => setTyped((before) => ({ ...before, text: now }))];
}

/** A day as its filter has it: 2026-01-05. */
export function dayOf(date: Date): string {
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}

/** The first moment of a day as people choose it, or of the day after it. */
export function dayStart(day: string | undefined, after = 0): string | undefined {
  if (!day) return undefined;
  const date = new Date(`${day}T00:00:00`);
  if (Number.isNaN(date.getTime())) return undefined;
  date.setDate(date.getDate() + after);
  return date.toISOString();
}
