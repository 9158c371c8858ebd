/** What two people made of the same thing, field by field, and how one of it becomes again. */
type Fields = Record<string, unknown>;

/** As it was when both began, as it was saved meanwhile, and as you have it. */
export type Side = "original" | "theirs" | "yours";

export interface Difference extends Record<Side, unknown> {
  path: string[];
  /** Whose it is, where only one of the two changed it. */
  clear?: Side;
}

export function differences(original: Fields, theirs: Fields, yours: Fields): Difference[] {
  return [...between([], keyed(original), keyed(theirs), keyed(yours))];
}

/**
 * What follows where somebody else saved meanwhile: nothing of yours is missing there; or, for a click that nobody else
 * interfered with, it is saved over theirs; or you are asked.
 */
export function afterStale(found: Difference[], click: boolean): "nothing" | "save" | "ask" {
  if (found.every(({ clear }) => clear === "theirs")) return "nothing";
  return click && found.every(({ clear }) => clear === "yours") ? "save" : "ask";
}

/** What was saved meanwhile, with what you chose in the places where you differ. */
export function chosen<T extends Fields>(theirs: T, found: Difference[], choices: Side[]): T {
  const merged = keyed(theirs);
  found.forEach((difference, at) => {
    put(merged, difference.path, difference[choices[at] ?? "theirs"]);
  });
  return listed(merged) as T;
}

/** Those of the fields that are another now. */
export function changedOf<T extends Fields>(before: T, after: T): Partial<T> {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => !same(before[name], value))) as Partial<T>;
}

function* between(path: string[], original: unknown, theirs: unknown, yours: unknown): Generator<Difference> {
  if (same(theirs, yours)) return;
  if (isFields(theirs) && isFields(yours)) {
    const before = isFields(original) ? original : {};
    for (const name of new Set([...Object.keys(theirs), ...Object.keys(yours)]))
      yield* between([...path, name], before[name], theirs[name], yours[name]);
  } else yield { path, original, theirs, yours, clear: clear(original, theirs, yours) };
}

function clear(original: unknown, theirs: unknown, yours: unknown): Side | undefined {
  if (same(yours, original)) return "theirs";
  return same(theirs, original) ? "yours" : undefined;
}

/** An order's lines become fields by their number, so that line 3 is compared with line 3. */
function keyed({ lines, ...fields }: Fields): Fields {
  const copy = structuredClone(fields);
  if (!Array.isArray(lines)) return lines === undefined ? copy : { ...copy, lines };
  return { ...copy, lines: Object.fromEntries((lines as Line[]).map((line) => [line.line_no, { ...line }])) };
}

function listed({ lines, ...fields }: Fields): Fields {
  if (!isFields(lines)) return fields;
  return { ...fields, lines: Object.values(lines as Record<string, Line>).sort((a, b) => a.line_no - b.line_no) };
}

type Line = Fields & { line_no: number };

function put(fields: Fields, path: string[], value: unknown): void {
  const [name = "", ...rest] = path;
  if (rest.length) put((fields[name] ??= {}) as Fields, rest, value);
  else if (value === undefined) Reflect.deleteProperty(fields, name);
  else fields[name] = value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Nothing is the same as an empty field. */
function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

export function isMissing(value: unknown): value is null | undefined | "" {
  return value === null || value === undefined || value === "";
}

function canonical(value: unknown): string {
  return JSON.stringify(value ?? "", (_name, each: unknown) => (isFields(each) ? sorted(each) : each)) ?? "";
}

function sorted(fields: Fields): Fields {
  const there = Object.entries(fields).filter(([, value]) => !isMissing(value));
  return Object.fromEntries(there.sort(([a], [b]) => (a < b ? -1 : 1)));
}
