import { t } from "@lingui/core/macro";
import { Anchor, Autocomplete, NumberInput, PasswordInput, Select, Switch, Textarea, TextInput } from "@mantine/core";
import type { BaseInputTemplateProps, FieldTemplateProps, WidgetProps } from "@rjsf/utils";
import { use } from "react";
import { EntryNumber } from "./lists";
import { MASK, type FieldSchema } from "./schema";

export const NARROW = { wrapper: { maxWidth: 320 } };

function useCommon({ id, label, required, disabled, readonly, rawErrors, schema }: WidgetProps) {
  const entry = use(EntryNumber);
  return {
    id,
    label,
    required,
    disabled: disabled || readonly,
    size: entry === undefined ? "sm" : "xs",
    description: entry ? undefined : schema.description,
    error: rawErrors?.join(" "),
  };
}

export function BaseInput(props: BaseInputTemplateProps) {
  const { schema, value, onChange } = props;
  const common = useCommon(props);
  const asText = (given: string) => onChange(given || undefined);
  if (schema.type === "integer" || schema.type === "number")
    return (
      <NumberInput
        {...common}
        value={value ?? ""}
        allowDecimal={schema.type === "number"}
        hideControls
        styles={NARROW}
        min={schema.minimum}
        max={schema.maximum}
        clampBehavior="none"
        onChange={(given) => onChange(given === "" ? undefined : given)}
      />
    );
  if (Array.isArray(schema.examples))
    return (
      <Autocomplete {...common} value={value ?? ""} data={schema.examples.map(String)} limit={100} onChange={asText} />
    );
  return (
    <TextInput
      {...common}
      value={value ?? ""}
      autoComplete="off"
      onChange={(event) => asText(event.currentTarget.value)}
    />
  );
}

export function TextareaWidget(props: WidgetProps) {
  return (
    <Textarea
      {...useCommon(props)}
      value={props.value ?? ""}
      autosize
      minRows={2}
      maxRows={14}
      classNames={{ input: "mono" }}
      spellCheck={false}
      onChange={(event) => props.onChange(event.currentTarget.value || undefined)}
    />
  );
}

export function SelectWidget(props: WidgetProps) {
  const { options, value, onChange, required, schema } = props;
  const data = (options.enumOptions ?? []).map((option) => choice(String(option.value), option.label, schema));
  const chosen = (text: string | null) => options.enumOptions?.find((option) => String(option.value) === text)?.value;
  return (
    <Select
      {...useCommon(props)}
      data={data}
      value={value === undefined ? null : String(value)}
      allowDeselect={!required}
      styles={NARROW}
      onChange={(text) => onChange(chosen(text))}
    />
  );
}

/** A value as the docs call it, and what it means where the reader's language has a word for it. */
function choice(value: string, name: string, { labels }: FieldSchema) {
  const word = labels?.[value];
  return { value, label: word && word !== name ? `${word} (${name})` : name };
}

export function CheckboxWidget(props: WidgetProps) {
  return (
    <Switch
      {...useCommon(props)}
      required={false}
      checked={props.value === true}
      onChange={(event) => props.onChange(event.currentTarget.checked)}
    />
  );
}

/** A secret is typed, never shown; what is stored stays unless it is replaced or removed. */
export function SecretWidget(props: WidgetProps) {
  const { value, onChange, options } = props;
  const stored = options.stored === true;
  const empty = stored ? MASK : undefined;
  const placeholder = value === null ? t`Will be removed` : stored ? t`Stored; type to replace it` : undefined;
  const given = {
    ...useCommon(props),
    value: value === MASK || value === null || value === undefined ? "" : String(value),
    placeholder,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value || empty),
  };
  return (
    <div>
      {options.multiline ? (
        <Textarea
          {...given}
          autosize
          minRows={2}
          maxRows={8}
          autoComplete="off"
          spellCheck={false}
          classNames={{ input: "mono" }}
        />
      ) : (
        <PasswordInput
          {...given}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t`Show or hide: ${props.label}` }}
        />
      )}
      {stored && (
        <Anchor component="button" type="button" size="xs" onClick={() => onChange(value === null ? MASK : null)}>
          {value === null ? t`Keep what is stored` : t`Remove what is stored`}
        </Anchor>
      )}
    </div>
  );
}

export function FieldTemplate({ hidden, children, id }: FieldTemplateProps) {
  return hidden ? <div hidden>{children}</div> : <div data-field={id}>{children}</div>;
}
