import { t } from "@lingui/core/macro";
import { i18n } from "@lingui/core";
import createClient from "openapi-fetch";
import { BASE } from "./base";
import type { components, paths } from "./schema";
import { reachable } from "./reachable";
import { isSignedIn, signedInAgain } from "./session";

export type Schemas = components["schemas"];
/** What the API says against a request; `UNREACHABLE` is the page's own. */
type Problem = Omit<Schemas["ErrorBody"], "code"> & { code: string };

/** An error in the API's words. */
export class ApiError extends Error {
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly requestId: string;

  constructor(
    readonly status: number,
    problem: Problem,
  ) {
    super(problem.message);
    this.code = problem.code;
    this.details = problem.details;
    this.requestId = problem.request_id;
  }

  get reason(): string {
    return this.text("reason") ?? this.code;
  }

  get hint(): string | undefined {
    return this.text("hint");
  }

  get fields(): { field: string; message: string }[] {
    const fields: (string | { field: string; message: string })[] = Array.isArray(this.details.fields)
      ? this.details.fields
      : [];
    return fields.map((field) => (typeof field === "string" ? { field, message: this.message } : field));
  }

  /** The message without the fields that it lists, where those are told one by one. */
  get headline(): string {
    const [what = "", list = ""] = this.message.split(/: (.*)/s);
    const listed = this.fields.length > 0 && this.fields.every(({ field }) => list.includes(field));
    return listed ? `${what}.` : this.message;
  }

  text(name: string): string | undefined {
    const value = this.details[name];
    return typeof value === "string" ? value : undefined;
  }
}

/** Ask; where the session has ended meanwhile, once more after somebody signed in again: nothing typed is lost. */
export function asking(send: (request: Request) => Promise<Response>): typeof send {
  return async (request) => {
    request.headers.set("Accept-Language", i18n.locale);
    const again = request.clone();
    const response = await send(request);
    if (response.status !== 401 || !isSignedIn() || request.url.includes("/api/v1/auth/")) return response;
    return (await signedInAgain()) ? send(again) : response;
  };
}

export const api = createClient<paths>({ baseUrl: BASE, fetch: asking((request) => fetch(request)) });

/** Return the answer of a call, or throw what the API says against it. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call.catch(() => {
    reachable.set(false);
    throw new ApiError(UNREACHABLE, unreachable);
  });
  reachable.set(true);
  if (response.ok) return data as T;
  throw new ApiError(response.status, problemOf(error, response));
}

const UNREACHABLE = 0;

/** Tells whether an error is that nothing answered at all. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ApiError && error.status === UNREACHABLE;
}

const unreachable: Problem = {
  code: "UNREACHABLE",
  message: t`OrderFlow does not answer.`,
  details: { hint: t`Check your network connection; what you see may be out of date until it is back.` },
  request_id: "",
};

function problemOf(error: unknown, response: Response): Problem {
  if (typeof error === "object" && error !== null && "error" in error) return error.error as Problem;
  return { ...unreachable, message: t`OrderFlow answered with ${response.status} ${response.statusText}.` };
}
