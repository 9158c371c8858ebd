import type { RJSFSchema, UiSchema } from "@rjsf/utils";

export type Config = Record<string, unknown>;

/** What the API shows instead of a secret; sent back, it stands for what is stored. */
export const MASK = "********";

/** What our connectors' schemas say beside JSON Schema's own words. */
export interface FieldSchema extends RJSFSchema {
  group?: string;
  show_when?: Record<string, unknown[]>;
  multiline?: boolean;
  prefill?: boolean;
  /** What the values of `enum` mean, in the reader's language. */
  labels?: Record<string, string>;
}

export function fieldsOf(schema: RJSFSchema): [string, FieldSchema][] {
  return Object.entries((schema.properties ?? {}) as Record<string, FieldSchema>);
}

/** `anyOf: [X, null]` is how an optional field is written; a form shows X, and leaves it out when it is empty. */
export function plain(schema: FieldSchema): FieldSchema {
  const { anyOf, ...rest } = schema;
  const choices = (anyOf as FieldSchema[] | undefined)?.filter(({ type }) => type !== "null");
  const only: FieldSchema = choices?.length === 1 ? { ...choices[0], ...rest } : schema;
  if (only.default === null || only.prefill === false) delete only.default;
  if (only.items && typeof only.items === "object" && !Array.isArray(only.items))
    only.items = plain(only.items as FieldSchema);
  const properties = fieldsOf(only).map(([name, field]) => [name, plain(field)]);
  return properties.length ? { ...only, properties: Object.fromEntries(properties) } : only;
}

export function formSchema(schema: RJSFSchema): RJSFSchema {
  const defs = Object.entries((schema.$defs ?? {}) as Record<string, FieldSchema>);
  const plainDefs = Object.fromEntries(defs.map(([name, def]) => [name, plain(def)]));
  return { ...plain(schema), ...(defs.length ? { $defs: plainDefs } : {}) };
}

function applies(field: FieldSchema, schema: RJSFSchema, config: Config): boolean {
  return Object.entries(field.show_when ?? {}).every(([name, values]) => {
    const other = schema.properties?.[name] as FieldSchema | undefined;
    return values.includes(config[name] ?? other?.default);
  });
}

/** The schema without the fields that do not apply to what is chosen so far. */
export function visible(schema: RJSFSchema, config: Config): RJSFSchema {
  const shown = fieldsOf(schema).filter(([, field]) => applies(field, schema, config));
  const names = new Set(shown.map(([name]) => name));
  return {
    ...schema,
    properties: Object.fromEntries(shown),
    required: schema.required?.filter((name) => names.has(name)),
  };
}

/** What is to be sent: fields that apply and are filled in; a secret that is to be removed is null. */
export function filledIn(schema: RJSFSchema, config: Config): Config {
  const names = new Set(fieldsOf(visible(schema, config)).map(([name]) => name));
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => names.has(name) && value !== undefined && value !== ""),
  );
}

export function widgets(schema: RJSFSchema, stored: Config): UiSchema {
  return Object.fromEntries(fieldsOf(schema).map(([name, field]) => [name, widget(field, stored[name] === MASK)]));
}

function widget(field: FieldSchema, stored: boolean): UiSchema {
  if (field.writeOnly) return { "ui:widget": "password", "ui:options": { stored, multiline: field.multiline } };
  if (field.type === "object" && !field.properties) return { "ui:field": "MapField" };
  if (areChips(field)) return { "ui:field": "ChipsField" };
  return field.multiline ? { "ui:widget": "textarea" } : {};
}

/** A list of short values, such as status codes. */
function areChips({ type, items, writeOnly, multiline }: FieldSchema): boolean {
  if (type !== "array" || writeOnly || multiline || typeof items !== "object" || Array.isArray(items)) return false;
  const each = items as FieldSchema;
  return (each.type === "integer" || each.type === "string") && !each.enum && !each.multiline;
}

/** The settings as they work: those that apply, each as it is set or as it is by default. */
export function inEffect(schema: RJSFSchema, config: Config): Config {
  return Object.fromEntries(
    fieldsOf(visible(schema, config)).map(([name, field]) => [name, config[name] ?? field.default]),
  );
}
