import { TagsInput } from "@mantine/core";
import type { FieldProps } from "@rjsf/utils";
import type { FieldSchema } from "./schema";

/** A list of short values, such as status codes: each is typed and ends with Enter or a comma. */
export function ChipsField({ schema, name, formData, onChange, fieldPathId, errorSchema }: FieldProps) {
  const numbers = (schema.items as FieldSchema).type === "integer";
  // What is no number stays as it was typed, for the API to say so at this field.
  const value = (text: string) => (numbers && /^\d+$/.test(text) ? Number(text) : text);
  return (
    <TagsInput
      id={fieldPathId.$id}
      label={schema.title ?? name}
      description={schema.description}
      error={errorsIn(errorSchema).join(" ") || undefined}
      value={((formData ?? []) as unknown[]).map(String)}
      splitChars={[",", ";", " "]}
      acceptValueOnBlur
      onChange={(texts) => onChange(texts.map(value), fieldPathId.path)}
    />
  );
}

/** What is wrong with a list, or with any of its values. */
function errorsIn(errors: unknown): string[] {
  if (Array.isArray(errors)) return errors.map(String);
  if (typeof errors !== "object" || errors === null) return [];
  return [...new Set(Object.values(errors).flatMap(errorsIn))];
}
