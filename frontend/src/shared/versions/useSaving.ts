import { useState } from "react";
import { ApiError } from "../../api/client";
import { useAction } from "../../api/queries";
import { differences } from "./differences";

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
  /** Returns what is stored then. */
  save: (value: T, headers: IfMatch) => Promise<Stored<T>>;
  /** Shown when it is saved. */
  done: string;
  /** Told what is stored then. */
  onDone: (value: T) => void;
}

export type IfMatch = Record<"If-Match", string>;

/** Save only over this version: RFC 9110, section 13.1.1. */
export function ifMatch(version: number): IfMatch {
  return { "If-Match": `"${version}"` };
}

/** Saving over the version that a form was filled from; what was saved meanwhile comes back as `stale`, to choose from. */
export function useSaving<T extends Record<string, unknown>>({ loaded, load, save, done, onDone }: Options<T>) {
  const [base, setBase] = useState(loaded);
  const [stale, setStale] = useState<Stale<T>>();
  const action = useAction(
    async ({ yours, over }: { yours: T; over: Stored<T> }): Promise<Outcome<T>> => {
      try {
        return { saved: await save(yours, ifMatch(over.version)) };
      } catch (error) {
        if (!isStale(error)) throw error;
        const theirs = await load();
        if (!hasOwn(over.value, theirs.value, yours)) return { saved: theirs };
        return { stale: { original: over.value, theirs, yours } };
      }
    },
    {
      quiet: true,
      done: ({ saved }) => saved && done,
      onDone: (outcome) => {
        setStale(outcome.stale);
        if (!outcome.saved) return;
        setBase(outcome.saved);
        onDone(outcome.saved.value);
      },
    },
  );
  return {
    stale,
    error: action.error,
    isPending: action.isPending,
    save: (yours: T) => action.run({ yours, over: base }),
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

/** Tells whether something of yours is not stored already. */
function hasOwn<T extends Record<string, unknown>>(original: T, theirs: T, yours: T): boolean {
  return differences(original, theirs, yours).some(({ clear }) => clear !== "theirs");
}

function isStale(error: unknown): boolean {
  return error instanceof ApiError && error.reason === "STALE_VERSION";
}
