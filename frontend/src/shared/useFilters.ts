import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
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

/** A filter that is typed: its text, and what takes it in; it narrows the list some milliseconds after the last key. */
export function useTyped(filters: Filters, name: string): [text: string, type: (text: string) => void] {
  const [text, setText] = useState(filters.one(name) ?? "");
  const narrow = useDebouncedCallback((typed: string) => filters.set({ [name]: typed.trim() }), PAUSE);
  const type = (typed: string) => {
    setText(typed);
    narrow(typed);
  };
  return [text, type];
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
