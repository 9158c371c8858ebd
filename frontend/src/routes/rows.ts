import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

export type Rule = Schemas["RouteRule"];
export type Field = Schemas["RouteField"];
type When = Rule["when"];

/** One condition as the form shows it; `values` are the ends of a range, the members of a list, or one. */
export interface Row {
  field: string;
  operator: string;
  values: string[];
  lines: "any" | "all";
  not: boolean;
}

/** The conditions of a rule, of which all have to fit, or any. */
export interface Rows {
  all: boolean;
  rows: Row[];
}

export const NEW_ROW: Row = { field: "ship_to.country", operator: "=", values: [""], lines: "any", not: false };

/** What a rule asks, as rows; undefined: it has groups within groups, which rows do not show. */
export function rowsOf(when: When): Rows | undefined {
  const all = !("any" in when);
  const parts = "any" in when ? when.any : "all" in when ? when.all : [when];
  if (!Array.isArray(parts)) return undefined;
  const rows = parts.map((part: When) => rowOf(part));
  return rows.every((row) => row !== undefined) ? { all, rows } : undefined;
}

function rowOf(part: When): Row | undefined {
  if ("not" in part) {
    const row = rowOf(part.not as When);
    return row && !row.not ? { ...row, not: true } : undefined;
  }
  if (typeof part.field !== "string" || typeof part.operator !== "string") return undefined;
  const values = Array.isArray(part.value)
    ? part.value.map(String)
    : part.value === undefined
      ? []
      : [String(part.value)];
  return {
    field: part.field,
    operator: part.operator,
    values,
    lines: part.lines === "all" ? "all" : "any",
    not: false,
  };
}

/** The rule's `when` that rows mean. */
export function whenOf({ all, rows }: Rows): When {
  const parts = rows.map(partOf);
  return all ? { all: parts } : { any: parts };
}

function partOf({ field, operator, values, lines, not }: Row): When {
  const part: When = { field, operator };
  if (isList(operator)) part.value = values.filter((value) => value.trim());
  else if (operator === "between") part.value = [values[0] ?? "", values[1] ?? ""];
  else if (!isBare(operator)) part.value = values[0] ?? "";
  if (isOfLines(field)) part.lines = lines;
  return not ? { not: part } : part;
}

export function isOfLines(field: string): boolean {
  return field.startsWith("lines.");
}

export function isList(operator: string): boolean {
  return operator === "in" || operator === "not_in";
}

/** It asks for no value. */
export function isBare(operator: string): boolean {
  return operator === "is_empty" || operator === "is_not_empty";
}

/** The kind of a field: what an address came with is text. */
export function kindOf(field: string, fields: Field[]): Field["kind"] {
  return fields.find(({ name }) => name === field)?.kind ?? "text";
}

/** The operators of a field; those of any text for a field of an address. */
export function operatorsOf(field: string, fields: Field[]): string[] {
  const known = fields.find(({ name }) => name === field) ?? fields.find(({ kind }) => kind === "text");
  return known?.operators ?? [];
}

/** A row whose field is another one: its operator stays if that field has it. */
export function withField(row: Row, field: string, fields: Field[]): Row {
  const operators = operatorsOf(field, fields);
  return { ...row, field, operator: operators.includes(row.operator) ? row.operator : (operators[0] ?? row.operator) };
}

const WORDS: Record<string, string> = {
  "=": t`is`,
  "!=": t`is not`,
  in: t`is one of`,
  not_in: t`is none of`,
  "<": t`is less than`,
  "<=": t`is at most`,
  ">": t`is more than`,
  ">=": t`is at least`,
  between: t`is between`,
  starts_with: t`starts with`,
  ends_with: t`ends with`,
  contains: t`contains`,
  is_empty: t`is empty`,
  is_not_empty: t`is not empty`,
};

export function operatorText(operator: string): string {
  return WORDS[operator] ?? operator;
}

/** A rule's conditions in words. */
export function whenText(when: When): string {
  const found = rowsOf(when);
  if (!found) return t`groups of conditions`;
  if (found.rows.length === 0) return t`every order`;
  return found.rows.map(rowText).join(found.all ? t` and ` : t` or `);
}

function rowText({ field, operator, values, lines, not }: Row): string {
  const of = isOfLines(field) ? t`${lines} line: ` : "";
  const value = operator === "between" ? values.join(t` and `) : values.join(", ");
  return `${not ? t`not: ` : ""}${of}${field} ${operatorText(operator)} ${value}`.trim();
}

/** The same list with one entry moved. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  const entry = list[from];
  return entry === undefined || to < 0 || to >= list.length ? list : list.toSpliced(from, 1).toSpliced(to, 0, entry);
}
