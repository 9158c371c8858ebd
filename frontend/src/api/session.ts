import { useSyncExternalStore } from "react";

/**
 * Who is signed in in this browser. The session itself is a cookie that no script reads; this is what the tabs tell each
 * other of it. `expired` is one that ended while somebody works: what they typed stays, until they sign in again.
 */
export type Session = { is: "unknown" | "out" } | { is: "in" | "expired"; userId: string; email: string };
type Told = { userId: string; email: string } | null;

let session: Session = { is: "unknown" };
const listeners = new Set<() => void>();
const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("orderflow.session");
tabs?.addEventListener("message", ({ data }: MessageEvent<Told>) => hear(data));

export function useSession(): Session {
  return useSyncExternalStore(onSessionChange, () => session);
}

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isSignedIn(): boolean {
  return session.is === "in" || session.is === "expired";
}

/** Note who signed in here, or that nobody is, and tell the other tabs. */
export function noteSession(now: Told): void {
  tabs?.postMessage(now);
  hear(now);
}

/** What the server says of the cookie when the page begins. */
export function beginWith(now: Told): void {
  set(now ? { is: "in", ...now } : { is: "out" });
}

/** The session ended under somebody: resolves once they have signed in again; false if they will not. */
export function signedInAgain(): Promise<boolean> {
  if (session.is === "in") set({ ...session, is: "expired" });
  return new Promise((resolve) => {
    const look = () => {
      if (session.is === "expired") return;
      stop();
      resolve(session.is === "in");
    };
    const stop = onSessionChange(look);
    look();
  });
}

function hear(now: Told): void {
  // All tabs share the cookie: what one person typed is not for another to save.
  if (now && "userId" in session && session.userId !== now.userId) return location.reload();
  beginWith(now);
}

function set(now: Session): void {
  session = now;
  for (const listener of listeners) listener();
}
