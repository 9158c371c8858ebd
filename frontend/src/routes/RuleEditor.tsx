import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import {
  Autocomplete,
  Button,
  Checkbox,
  Drawer,
  Fieldset,
  Group,
  SegmentedControl,
  Select,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type SyntheticEvent } from "react";
import type { Schemas } from "../api/client";
import { connectorName } from "../connectors/connectorName";
import { useEditing } from "../shared/useEditing";
import {
  isBare,
  isList,
  isOfLines,
  kindOf,
  NEW_ROW,
  operatorsOf,
  operatorText,
  rowsOf,
  whenOf,
  withField,
  type Field,
  type Row,
  type Rule,
  type Rows,
} from "./rows";

interface Props {
  rule: Rule;
  fields: Field[];
  connectors: Schemas["Connector"][];
  onDone: (rule: Rule) => void;
  onClose: () => void;
}

/** One rule: which orders it is for, and where they go. It is saved with all others. */
export function RuleEditor({ rule, fields, connectors, onDone, onClose }: Props) {
  const editing = useEditing(onClose);
  const [draft, setDraft] = useState(rule);
  const [rows, setRows] = useState(() => rowsOf(rule.when));
  const [text, setText] = useState(() => JSON.stringify(rule.when, null, 2));
  const [wrong, setWrong] = useState<string>();
  const edit = (changed: Partial<Rule>) => {
    editing.onChange();
    setDraft((before) => ({ ...before, ...changed }));
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    try {
      onDone({ ...draft, when: rows ? whenOf(rows) : (JSON.parse(text) as Rule["when"]) });
    } catch {
      setWrong(t`This is no JSON.`);
    }
  };
  const ways = connectors.map((each) => ({ value: each.id, label: connectorName(each) }));
  return (
    <Drawer opened onClose={editing.close} title={rule.name ? t`Edit ${rule.name}` : t`Add a rule`} size="lg">
      <Stack component="form" onSubmit={submit}>
        <TextInput
          label={t`Name`}
          value={draft.name}
          onChange={(event) => edit({ name: event.currentTarget.value })}
          required
          data-autofocus
        />
        {rows ? (
          <Conditions
            rows={rows}
            fields={fields}
            onChange={(changed) => {
              editing.onChange();
              setRows(changed);
            }}
          />
        ) : (
          <Textarea
            label={t`Conditions`}
            description={t`Groups within groups, as JSON`}
            value={text}
            error={wrong}
            onChange={(event) => {
              editing.onChange();
              setText(event.currentTarget.value);
            }}
            autosize
            minRows={6}
            maxRows={20}
            classNames={{ input: "mono" }}
            spellCheck={false}
          />
        )}
        <Select
          label={t`Goes to`}
          data={ways}
          value={draft.connection_id || null}
          onChange={(id) => edit({ connection_id: id ?? "" })}
          allowDeselect={false}
          searchable
          required
        />
        <Select
          label={t`While that one delivers nothing, to`}
          placeholder={t`Nowhere: it waits`}
          data={ways.filter(({ value }) => value !== draft.connection_id)}
          value={draft.fallback_id ?? null}
          onChange={(id) => edit({ fallback_id: id })}
          clearable
          searchable
        />
        <Group justify="flex-end" pb="md">
          <Button type="submit" disabled={!draft.name.trim() || !draft.connection_id}>
            <Trans>Take over</Trans>
          </Button>
        </Group>
      </Stack>
    </Drawer>
  );
}

function Conditions({
  rows: { all, rows },
  fields,
  onChange,
}: {
  rows: Rows;
  fields: Field[];
  onChange: (rows: Rows) => void;
}) {
  const change = (at: number, row: Row) => onChange({ all, rows: rows.with(at, row) });
  return (
    <Fieldset legend={t`Conditions`}>
      <Stack>
        <SegmentedControl
          aria-label={t`How many have to fit`}
          value={all ? "all" : "any"}
          onChange={(how) => onChange({ all: how === "all", rows })}
          data={[
            { value: "all", label: t`All have to fit` },
            { value: "any", label: t`One has to fit` },
          ]}
        />
        {rows.length === 0 && (
          <Text size="sm">{all ? t`Without a condition, every order fits.` : t`Add a condition.`}</Text>
        )}
        {rows.map((row, at) => (
          <Condition
            key={at}
            number={at + 1}
            row={row}
            fields={fields}
            onChange={(changed) => change(at, changed)}
            onRemove={() => onChange({ all, rows: rows.toSpliced(at, 1) })}
          />
        ))}
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange({ all, rows: [...rows, NEW_ROW] })}
          style={{ alignSelf: "start" }}
        >
          <Trans>Add a condition</Trans>
        </Button>
      </Stack>
    </Fieldset>
  );
}

interface ConditionProps {
  number: number;
  row: Row;
  fields: Field[];
  onChange: (row: Row) => void;
  onRemove: () => void;
}

const ADDRESSES = [
  "ship_to.country",
  "ship_to.postal_code",
  "ship_to.city",
  "ship_to.region",
  "bill_to.country",
  "ship_to.gln",
  "buyer.gln",
];

function Condition({ number, row, fields, onChange, onRemove }: ConditionProps) {
  const name = t`Condition ${number}`;
  return (
    <Fieldset legend={name} variant="filled">
      <Stack gap="xs">
        <Autocomplete
          label={t`Field`}
          aria-label={t`${name}: field`}
          data={[...ADDRESSES, ...fields.map((each) => each.name)]}
          value={row.field}
          limit={100}
          onChange={(field) => onChange(withField(row, field, fields))}
        />
        {isOfLines(row.field) && (
          <Select
            label={t`Of the lines`}
            aria-label={t`${name}: of the lines`}
            data={[
              { value: "any", label: t`one has to fit` },
              { value: "all", label: t`all have to fit` },
            ]}
            value={row.lines}
            allowDeselect={false}
            onChange={(lines) => onChange({ ...row, lines: lines === "all" ? "all" : "any" })}
          />
        )}
        <Select
          label={t`Comparison`}
          aria-label={t`${name}: comparison`}
          data={operatorsOf(row.field, fields).map((each) => ({ value: each, label: operatorText(each) }))}
          value={row.operator}
          allowDeselect={false}
          onChange={(operator) => operator && onChange({ ...row, operator })}
        />
        <Values
          name={name}
          row={row}
          kind={kindOf(row.field, fields)}
          onChange={(values) => onChange({ ...row, values })}
        />
        <Group justify="space-between">
          <Checkbox
            label={t`Must not fit`}
            aria-label={t`${name} must not fit`}
            checked={row.not}
            onChange={(event) => onChange({ ...row, not: event.currentTarget.checked })}
          />
          <Button variant="subtle" color="red" size="xs" aria-label={t`Remove condition ${number}`} onClick={onRemove}>
            <Trans>Remove</Trans>
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}

interface ValuesProps {
  name: string;
  row: Row;
  kind: Field["kind"];
  onChange: (values: string[]) => void;
}

function Values({ name, row: { operator, values }, kind, onChange }: ValuesProps) {
  if (isBare(operator)) return null;
  if (isList(operator))
    return (
      <TagsInput
        label={t`Values`}
        aria-label={t`${name}: values`}
        description={t`Enter after each`}
        value={values.filter(Boolean)}
        onChange={onChange}
        acceptValueOnBlur
        splitChars={["\n", ";"]}
      />
    );
  const type = kind === "date" ? "date" : "text";
  const input = (at: number, label: string) => (
    <TextInput
      label={label}
      aria-label={`${name}: ${label.toLowerCase()}`}
      type={type}
      value={values[at] ?? ""}
      onChange={(event) =>
        onChange(
          at === 0 ? [event.currentTarget.value, ...values.slice(1)] : [values[0] ?? "", event.currentTarget.value],
        )
      }
      style={{ flex: 1 }}
    />
  );
  if (operator !== "between") return input(0, t`Value`);
  return (
    <Group grow>
      {input(0, t`From`)}
      {input(1, t`To`)}
    </Group>
  );
}
