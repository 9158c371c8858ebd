import { t } from "@lingui/core/macro";
import type { RJSFSchema } from "@rjsf/utils";
import { phrase } from "../shared/format";
import { isMissing } from "../shared/versions/differences";
import { DOUBT, LABELS } from "./DeliveryOptions";
import { MASK, type FieldSchema } from "./form/schema";

/** A setting of a connector as its form calls it: `["config", "columns", "0", "name"]` → Columns, entry 1: Heading */
export function settingLabel(schema: RJSFSchema, path: readonly string[]): string {
  const [first = "", ...rest] = path;
  if (first in LABELS && rest.length === 0) return LABELS[first as keyof typeof LABELS];
  const names = first === "config" ? rest : [first, ...rest];
  const words: string[] = [];
  let at: FieldSchema | undefined = schema;
  for (const name of names) {
    if (/^\d+$/.test(name)) {
      words.push(t`entry ${Number(name) + 1}`);
      at = resolved(schema, at?.items as FieldSchema | undefined);
    } else {
      const field = at?.properties?.[name] as FieldSchema | undefined;
      words.push(field?.title ?? phrase(name));
      at = resolved(schema, field);
    }
  }
  return words.join(": ");
}

/** A sentence of the API in which settings are called as the form calls them: token_url → “Token URL”. */
export function inFormWords(schema: RJSFSchema, sentence: string): string {
  const field = (name: string) => schema.properties?.[name] as FieldSchema | undefined;
  const called = (name: string) => {
    const title = field(name)?.title;
    return title ? t`“${title}”` : name;
  };
  return sentence
    .replace(/\b[a-z]+(?:_[a-z0-9]+)+\b/g, called)
    .replace(/\b[a-z]+(?= ([a-z0-9_]+)\b)/g, (name, value: string) =>
      field(name)?.enum?.includes(value) ? called(name) : name,
    );
}

function resolved(root: RJSFSchema, field: FieldSchema | undefined): FieldSchema | undefined {
  const name = field?.$ref?.replace("#/$defs/", "");
  return name ? (root.$defs?.[name] as FieldSchema) : field;
}

/** A setting's value in one line; a secret never shows. */
export function settingText(schema: RJSFSchema) {
  return (value: unknown, path: readonly string[]): string => {
    if (isMissing(value)) return t`empty`;
    if (isSecret(schema, path)) return value === MASK ? t`the secret that is stored` : t`the secret that you typed`;
    if (path[0] === "in_doubt") return DOUBT[value as keyof typeof DOUBT];
    if (typeof value === "boolean") return value ? t`yes` : t`no`;
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
}

function isSecret(schema: RJSFSchema, [first, name = ""]: readonly string[]): boolean {
  const field = schema.properties?.[name] as FieldSchema | undefined;
  return first === "config" && field?.writeOnly === true;
}
