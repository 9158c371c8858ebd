import { Anchor, NumberInput, PasswordInput, Select, Stack, Switch, Text, Textarea, TextInput, Button, Fieldset, Group } from "@mantine/core";
import type {
  ArrayFieldItemTemplateProps, ArrayFieldTemplateProps, BaseInputTemplateProps, FieldTemplateProps, WidgetProps,
} from "@rjsf/utils";
import { MASK } from "./schema";

function common({ id, label, required, disabled, readonly, rawErrors, schema }: WidgetProps) {
  return {
    id,
    label,
    required,
    disabled: disabled || readonly,
    description: schema.description,
    error: rawErrors?.join(" "),
  };
}

export function BaseInput(props: BaseInputTemplateProps) {
  const { schema, value, onChange } = props;
  if (schema.type === "integer" || schema.type === "number")
    return (
      <NumberInput
        {...common(props)} value={value ?? ""} allowDecimal={schema.type === "number"} hideControls maw={220}
        min={schema.minimum} max={schema.maximum} clampBehavior="none"
        onChange={(given) => onChange(given === "" ? undefined : given)}
      />
    );
  return <TextInput {...common(props)} value={value ?? ""} autoComplete="off" onChange={(event) => onChange(event.currentTarget.value || undefined)} />;
}

export function TextareaWidget(props: WidgetProps) {
  return (
    <Textarea {...common(props)} value={props.value ?? ""} autosize minRows={2} maxRows={14} classNames={{ input: "mono" }} spellCheck={false}
      onChange={(event) => props.onChange(event.currentTarget.value || undefined)} />
  );
}

export function SelectWidget(props: WidgetProps) {
  const { options, value, onChange, required } = props;
  const data = (options.enumOptions ?? []).map((option) => ({ value: String(option.value), label: option.label }));
  const chosen = (text: string | null) => options.enumOptions?.find((option) => String(option.value) === text)?.value;
  return (
    <Select {...common(props)} data={data} value={value === undefined ? null : String(value)} allowDeselect={!required} maw={320}
      onChange={(text) => onChange(chosen(text))} />
  );
}

export function CheckboxWidget(props: WidgetProps) {
  return <Switch {...common(props)} required={false} checked={props.value === true} onChange={(event) => props.onChange(event.currentTarget.checked)} />;
}

/** A secret is typed, never shown; what is stored stays unless it is replaced or removed. */
export function SecretWidget(props: WidgetProps) {
  const { value, onChange, options } = props;
  const stored = options.stored === true;
  const empty = stored ? MASK : undefined;
  const placeholder = value === null ? "Will be removed" : stored ? "Stored; type to replace it" : undefined;
  const given = {
    ...common(props),
    value: value === MASK || value === null || value === undefined ? "" : String(value),
    placeholder,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value || empty),
  };
  return (
    <div>
      {options.multiline ? (
        <Textarea {...given} autosize minRows={2} maxRows={8} autoComplete="off" spellCheck={false} classNames={{ input: "mono" }} />
      ) : (
        <PasswordInput {...given} autoComplete="new-password" visibilityToggleButtonProps={{ "aria-label": `Show or hide: ${props.label}` }} />
      )}
      {stored && (
        <Anchor component="button" type="button" size="xs" onClick={() => onChange(value === null ? MASK : null)}>
          {value === null ? "Keep what is stored" : "Remove what is stored"}
        </Anchor>
      )}
    </div>
  );
}

export function FieldTemplate({ hidden, children, id }: FieldTemplateProps) {
  return hidden ? <div hidden>{children}</div> : <div data-field={id}>{children}</div>;
}

export function ArrayTemplate({ title, schema, items, canAdd, onAddClick, rawErrors, disabled }: ArrayFieldTemplateProps) {
  return (
    <Fieldset legend={title} variant="filled" radius="md">
      <Stack gap="sm">
        {schema.description && <Text size="xs" c="dimmed">{schema.description}</Text>}
        {items}
        {rawErrors?.map((error) => <Text key={error} size="xs" c="red">{error}</Text>)}
        {canAdd && <Button variant="default" size="xs" onClick={onAddClick} disabled={disabled} style={{ alignSelf: "start" }}>Add</Button>}
      </Stack>
    </Fieldset>
  );
}

export function ArrayItem({ children, buttonsProps, index }: ArrayFieldItemTemplateProps) {
  return (
    <Group align="flex-end" wrap="nowrap">
      <div style={{ flex: 1 }}>{children}</div>
      {buttonsProps.hasRemove && (
        <Button variant="subtle" color="red" size="xs" onClick={buttonsProps.onRemoveItem} aria-label={`Remove entry ${index + 1}`}>Remove</Button>
      )}
    </Group>
  );
}
