import type { ErrorSchema, RJSFSchema } from "@rjsf/utils";
import { inFormWords } from "../settingWords";
import type { Config } from "./schema";

export interface Fault {
  field: string;
  message: string;
}

interface Errors {
  [part: string]: Errors | string[];
}

/** What is told of a configuration as a whole, at the settings that the sentence names: `auth oauth2 needs token_url`. */
export function placed(fields: readonly Fault[], schema: RJSFSchema): Fault[] {
  const known = schema.properties ?? {};
  return fields.flatMap((fault) => {
    if (fault.field !== "config") return [fault];
    const words = fault.message.match(/\b[a-z]+(?:_[a-z0-9]+)+\b/g) ?? [];
    const named = [...new Set(words)].filter((name) => name in known);
    return named.length ? named.map((field) => ({ ...fault, field })) : [fault];
  });
}

/** Tell whether a setting, as `config.columns.0.field`, says the same in both. */
export function isSame(field: string, one: Config, other: Config): boolean {
  const [said, before] = [one, other].map((config) =>
    field
      .replace(/^config\.?/, "")
      .split(".")
      .filter(Boolean)
      .reduce((at: unknown, part) => (at as Record<string, unknown> | undefined)?.[part], config),
  );
  return JSON.stringify(said) === JSON.stringify(before);
}

/** What the API says of `columns.0.field`, where the form looks for it. */
export function atFields(fields: readonly Fault[], schema: RJSFSchema): ErrorSchema<Config> {
  const errors: Errors = {};
  for (const { field, message } of fields) {
    const place = field
      .replace(/^config\./, "")
      .split(".")
      .reduce((at, part) => (at[part] ??= {}) as Errors, errors);
    place.__errors = [inFormWords(schema, message)];
  }
  return errors as ErrorSchema<Config>;
}
