import { useSyncExternalStore } from "react";

let answers = true;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the last call got an answer, of whatever kind: one place says so for the whole page. */
export const reachable = {
  set(now: boolean): void {
    if (now === answers) return;
    answers = now;
    for (const listener of listeners) listener();
  },
};

export function useReachable(): boolean {
  return useSyncExternalStore(subscribe, () => answers);
}
