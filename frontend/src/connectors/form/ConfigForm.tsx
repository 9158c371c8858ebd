import Form from "@rjsf/core";
import type { RJSFSchema } from "@rjsf/utils";
import { useMemo } from "react";
import type { ApiError } from "../../api/client";
import { atFields } from "./atFields";
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
      extraErrors={atFields(error?.fields ?? [], schema)}
      noHtml5Validate
      showErrorList={false}
      onChange={({ formData }, id) => onChange({ ...value, ...formData }, id !== undefined)}
    >
      <></>
    </Form>
  );
}
