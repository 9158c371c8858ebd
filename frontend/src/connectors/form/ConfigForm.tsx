import Form from "@rjsf/core";
import type { RJSFSchema } from "@rjsf/utils";
import { useMemo } from "react";
import { atFields, type Fault } from "./atFields";
import type { Step } from "../setup/steps";
import { ChipsField } from "./ChipsField";
import { ObjectTemplate, Shown } from "./groups";
import { ArrayItem, ArrayTemplate } from "./lists";
import { MapField } from "./MapField";
import { visible, widgets, type Config, type FieldSchema } from "./schema";
import { validator } from "./validator";
import { BaseInput, CheckboxWidget, FieldTemplate, SecretWidget, SelectWidget, TextareaWidget } from "./widgets";

const TEMPLATES = {
  ArrayFieldItemTemplate: ArrayItem,
  ArrayFieldTemplate: ArrayTemplate,
  BaseInputTemplate: BaseInput,
  FieldTemplate,
  ObjectFieldTemplate: ObjectTemplate,
};
const FIELDS = { ChipsField, MapField };
const WIDGETS = { CheckboxWidget, PasswordWidget: SecretWidget, SelectWidget, TextareaWidget };

interface Props {
  schema: RJSFSchema;
  value: Config;
  stored: Config;
  faults: readonly Fault[];
  /** The step whose fields are shown. */
  step: Step;
  onChange: (value: Config, typed: boolean) => void;
}

/** The form of any connector, drawn from its JSON Schema. */
export function ConfigForm({ schema, value, stored, faults, step, onChange }: Props) {
  const shown = useMemo(() => visible(schema, value), [schema, value]);
  const ui = useMemo(
    () => ({ ...widgets(schema, stored), "ui:submitButtonOptions": { norender: true } }),
    [schema, stored],
  );
  const where = useMemo(() => ({ step, faulty: groupsOf(faults, schema) }), [step, faults, schema]);
  return (
    <Shown value={where}>
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
        extraErrors={atFields(faults, schema)}
        noHtml5Validate
        showErrorList={false}
        onChange={({ formData }, id) => onChange({ ...value, ...formData }, id !== undefined)}
      >
        <></>
      </Form>
    </Shown>
  );
}

function groupsOf(faults: readonly Fault[], schema: RJSFSchema): Set<string> {
  const properties = schema.properties as Record<string, FieldSchema> | undefined;
  const names = faults.map(({ field }) => field.replace(/^config\./, "").split(".")[0] ?? "");
  return new Set(names.map((name) => properties?.[name]?.group ?? ""));
}
