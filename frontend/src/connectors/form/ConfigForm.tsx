import Form from "@rjsf/core";
import type { ErrorSchema, RJSFSchema } from "@rjsf/utils";
import { useMemo } from "react";
import type { ApiError } from "../../api/client";
import { inFormWords } from "../settingWords";
import { ObjectTemplate } from "./groups";
import { ArrayItem, ArrayTemplate } from "./lists";
import { MapField } from "./MapField";
import { visible, widgets, type Config } from "./schema";
import { validator } from "./validator";
import { BaseInput, CheckboxWidget, FieldTemplate, SecretWidget, SelectWidget, TextareaWidget } from "./widgets";

const TEMPLATES = {
  ArrayFieldItemTemplate: ArrayItem,
  ArrayFieldTemplate: ArrayTemplate,
  BaseInputTemplate: BaseInput,
  FieldTemplate,
  ObjectFieldTemplate: ObjectTemplate,
};
const FIELDS = { MapField };
const WIDGETS = { CheckboxWidget, PasswordWidget: SecretWidget, SelectWidget, TextareaWidget };

interface Props {
  schema: RJSFSchema;
  value: Config;
  stored: Config;
  error: ApiError | null;
  onChange: (value: Config, typed: boolean) => void;
}

/** The form of any connector, drawn from its JSON Schema. */
export function ConfigForm({ schema, value, stored, error, onChange }: Props) {
  const shown = useMemo(() => visible(schema, value), [schema, value]);
  const ui = useMemo(
    () => ({ ...widgets(schema, stored), "ui:submitButtonOptions": { norender: true } }),
    [schema, stored],
  );
  return (
    <Form<Config>
      tagName="div"
      idPrefix="config"
      schema={shown}
      uiSchema={ui}
      formData={value}
      validator={validator}
      templates={TEMPLATES}
      fields={FIELDS}
      widgets={WIDGETS}
      extraErrors={atFields(error, schema)}
      noHtml5Validate
      showErrorList={false}
      onChange={({ formData }, id) => onChange({ ...value, ...formData }, id !== undefined)}
    >
      <></>
    </Form>
  );
}

interface Errors {
  [part: string]: Errors | string[];
}

/** What the API says of `columns.0.field`, where the form looks for it. */
function atFields(error: ApiError | null, schema: RJSFSchema): ErrorSchema<Config> {
  const errors: Errors = {};
  for (const { field, message } of error?.fields ?? []) {
    const place = field
      .replace(/^config\./, "")
      .split(".")
      .reduce((at, part) => (at[part] ??= {}) as Errors, errors);
    place.__errors = [inFormWords(schema, message)];
  }
  return errors as ErrorSchema<Config>;
}
