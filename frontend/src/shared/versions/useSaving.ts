import { useState } from "react";
import { ApiError } from "../../api/client";
import { useAction } from "../../api/queries";
import { afterStale, differences } from "./differences";

/** What is stored, and the version that it has there. */
export interface Stored<T> {
  value: T;
  version: number;
}

export interface Stale<T> {
  original: T;
  theirs: Stored<T>;
  yours: T;
}

interface Outcome<T> {
  saved?: Stored<T>;
  stale?: Stale<T>;
}

interface Options<T> {
  /** What the form began with. */
  loaded: Stored<T>;
  /** Ask for what is stored now. */
  load: () => Promise<Stored<T>>;
  /** Save over what was there, `over`; returns what is stored then. */
  save: (value: T, headers: IfMatch, over: T) => Promise<Stored<T>>;
  /** Shown when it is saved. */
  done: string;
  /** Told what is stored then. */
  onDone?: (value: T) => void;
  /** A click, not a form: where nobody else touched these fields, it does what it says without a question. */
  click?: boolean;
}

export type IfMatch = Record<"If-Match", string>;

/** Save only over this version: RFC 9110, section 13.1.1. */
export function ifMatch(version: number): IfMatch {
  return { "If-Match": `"${version}"` };
}

/** Saving over the version that a form was filled from; what was saved meanwhile comes back as `stale`, to choose from. */
export function useSaving<T extends Record<string, unknown>>(options: Options<T>) {
  const { loaded, load, save, done, onDone, click = false } = options;
  const [base, setBase] = useState(loaded);
  const [stale, setStale] = useState<Stale<T>>();
  const action = useAction(
    async ({ yours, over }: { yours: T; over: Stored<T> }): Promise<Outcome<T>> => {
      try {
        return { saved: await save(yours, ifMatch(over.version), over.value) };
      } catch (error) {
        if (!isStale(error)) throw error;
        const theirs = await load();
        const next = afterStale(differences(over.value, theirs.value, yours), click);
        if (next === "nothing") return { saved: theirs };
        if (next === "save") return { saved: await save(yours, ifMatch(theirs.version), theirs.value) };
        return { stale: { original: over.value, theirs, yours } };
      }
    },
    {
      quiet: !click, // a form shows its error itself
      done: ({ saved }) => saved && done,
      onDone: (outcome) => {
        setStale(outcome.stale);
        if (!outcome.saved) return;
        setBase(outcome.saved);
        onDone?.(outcome.saved.value);
      },
    },
  );
  return {
    /** What is saved over: what the form began with, or what was saved since. */
    base,
    /** Begin anew with what is stored now; for a form in which nothing was changed. */
    begin: setBase,
    stale,
    error: action.error,
    isPending: action.isPending,
    /** Save over what the form began with, or over what was looked at when it was clicked. */
    save: (yours: T, over: Stored<T> = base) => action.run({ yours, over }),
    /** Save what was chosen, over what was stored when it was asked for. */
    settle: (merged: T, over: Stored<T>) => {
      setBase(over);
      setStale(undefined);
      action.run({ yours: merged, over });
    },
    /** Back to the form: what was typed stays, and so does the question. */
    putOff: () => setStale(undefined),
  };
}

function isStale(error: unknown): boolean {
  return error instanceof ApiError && error.reason === "STALE_VERSION";
}
