import { answer, api, type Schemas } from "./client";
import { beginWith, noteSession } from "./session";

type PageSession = Schemas["PageSession"];

/** Learn who is signed in in this browser. */
export async function lookForSession(): Promise<PageSession> {
  const session = await answer(api.GET("/api/v1/auth/session"));
  beginWith(told(session));
  return session;
}

/** Sign in, for all tabs. */
export async function signIn(body: Schemas["Credentials"]): Promise<void> {
  noteSession(told(await answer(api.POST("/api/v1/auth/session", { body }))));
}

/** Sign out of all tabs, on the server too. */
export async function signOut(): Promise<void> {
  await answer(api.DELETE("/api/v1/auth/session"));
  noteSession(null);
}

function told({ user_id, email }: PageSession) {
  return user_id && email ? { userId: user_id, email } : null;
}
