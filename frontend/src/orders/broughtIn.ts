import type { Schemas } from "../api/client";

type Line = Schemas["ImportedLine"];
type Problem = Schemas["Problem"];

/** Lines of a kind: how many, and the first of them, for a person. */
export interface Some {
  count: number;
  first: Line[];
}

/** What became of a file of orders. */
export interface Brought {
  accepted: number;
  incomplete: number;
  revised: number;
  refused: Some;
  here: Some;
  /** Why the import ended before the file did. */
  ended?: Problem;
}

const MOST_SHOWN = 50;

/** By these, the last line of the answer says that the rest of the file was not brought in; it is about no line of it. */
const ENDS = new Set(["TOO_MANY_BAD_LINES", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "BODY_INCOMPLETE"]);

/** Count what became of each line while the answer is read; a million of them are never in memory at once. */
export async function broughtIn(answer: ReadableStream<Uint8Array>): Promise<Brought> {
  const found = { accepted: 0, incomplete: 0, revised: 0, refused: none(), here: none() } as Brought;
  for await (const line of linesOf(answer)) note(found, JSON.parse(line) as Line);
  return found;
}

const none = (): Some => ({ count: 0, first: [] });

function note(found: Brought, line: Line): void {
  if (line.error && ENDS.has(line.error.code ?? "")) found.ended = line.error;
  else if (line.error) add(found.refused, line);
  else if (line.duplicate) add(found.here, line);
  else {
    found[line.revised ? "revised" : "accepted"] += 1;
    found.incomplete += Number(line.status === "NEEDS_REVIEW");
  }
}

function add(some: Some, line: Line): void {
  some.count += 1;
  if (some.first.length < MOST_SHOWN) some.first.push(line);
}

async function* linesOf(answer: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = answer.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter(Boolean);
  }
  if (rest) yield rest;
}
