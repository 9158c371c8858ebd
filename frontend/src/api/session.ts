/** The sign-in token: kept for this browser tab only, and gone when it is closed. */
const KEY = "orderflow.token";
const listeners = new Set<() => void>();

export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

export function beginSession(accessToken: string): void {
  sessionStorage.setItem(KEY, accessToken);
  for (const listener of listeners) listener();
}

export function endSession(): void {
  sessionStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
