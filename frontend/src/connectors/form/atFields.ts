import type { ErrorSchema, RJSFSchema } from "@rjsf/utils";
import { inFormWords } from "../settingWords";
import type { Config } from "./schema";

interface Fault {
  field: string;
  message: string;
}

interface Errors {
  [part: string]: Errors | string[];
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
