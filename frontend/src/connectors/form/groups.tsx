import { Trans } from "@lingui/react/macro";
import { Fieldset, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ObjectFieldTemplateProps, RJSFSchema } from "@rjsf/utils";
import { createContext, use, useState, type ReactNode } from "react";
import { groupWords, isOptional, saysSomething, stepOf, type Step } from "../setup/steps";
import type { Config, FieldSchema } from "./schema";

const FOLDED = "Advanced";

/** The step whose fields are shown, and the groups in which something is wrong. */
export const Shown = createContext<{ step: Step; faulty: ReadonlySet<string> }>({ step: "reach", faulty: new Set() });

/** The fields of an object under the headings that its schema gives them; of a whole form, those of one step. */
export function ObjectTemplate(props: ObjectFieldTemplateProps) {
  const { step } = use(Shown);
  const groups = grouped(props);
  const folded = groups.get(FOLDED);
  groups.delete(FOLDED);
  if (props.fieldPathId.path.length > 0)
    return <Entry fields={[...groups.values()].flat()} folded={folded} filled={filled(props)} />;
  const ordered = [...groups, ...(folded ? [[FOLDED, folded] as const] : [])];
  return (
    <Stack gap="md">
      {ordered.map(([group, fields]) => (
        <div key={group} hidden={stepOf(group) !== step}>
          <GroupOf
            group={group}
            schema={props.schema}
            config={(props.formData ?? {}) as Config}
            title={names(props, group)}
          >
            <Stack gap="md">{fields}</Stack>
          </GroupOf>
        </div>
      ))}
    </Stack>
  );
}

interface GroupProps {
  group: string;
  schema: RJSFSchema;
  config: Config;
  /** What is in it, in a line. */
  title: string;
  children: ReactNode;
}

/** A group of fields; one that few need is folded until it says something, or something is wrong in it. */
function GroupOf({ group, schema, config, title, children }: GroupProps) {
  const faulty = use(Shown).faulty.has(group);
  const [opened, setOpened] = useState(() => saysSomething(group, schema, config));
  if (!isOptional(group, schema))
    return (
      <Fieldset legend={groupWords(group) || undefined} variant={group ? "default" : "unstyled"}>
        {children}
      </Fieldset>
    );
  return (
    <details className="folded" open={opened || faulty} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>
        <Text span size="sm" fw={600}>
          {groupWords(group)}
        </Text>
        <Text span size="xs" c="dimmed" className="folded-what">
          {title}
        </Text>
      </summary>
      <fieldset aria-label={groupWords(group)}>{children}</fieldset>
    </details>
  );
}

function names(props: ObjectFieldTemplateProps, group: string): string {
  const titles = props.properties
    .map(({ name }) => fieldOf(props, name))
    .filter((field) => (field.group ?? "") === group)
    .map(({ title }) => title);
  return titles.join(", ");
}

function fieldOf({ schema }: ObjectFieldTemplateProps, name: string): FieldSchema {
  return (schema.properties?.[name] ?? {}) as FieldSchema;
}

function grouped(props: ObjectFieldTemplateProps): Map<string, ReactNode[]> {
  const groups = new Map<string, ReactNode[]>();
  for (const { name, content } of props.properties) {
    const group = fieldOf(props, name).group ?? "";
    groups.set(group, [...(groups.get(group) ?? []), content]);
  }
  return groups;
}

/** Tells whether something that is folded away says something. */
function filled(props: ObjectFieldTemplateProps): boolean {
  const data = (props.formData ?? {}) as Record<string, unknown>;
  return props.properties.some(({ name }) => fieldOf(props, name).group === FOLDED && data[name]);
}

/** One entry of a list of objects: side by side what all need, below what few do. */
function Entry({ fields, folded, filled }: { fields: ReactNode[]; folded: ReactNode[] | undefined; filled: boolean }) {
  const [open] = useState(filled);
  const columns = { base: 1, sm: 3 };
  return (
    <>
      <SimpleGrid cols={columns} spacing="xs">
        {fields}
      </SimpleGrid>
      {folded && (
        <details open={open}>
          <Text component="summary" size="xs" c="dimmed" py={4}>
            <Trans>More</Trans>
          </Text>
          <SimpleGrid cols={columns} spacing="xs">
            {folded}
          </SimpleGrid>
        </details>
      )}
    </>
  );
}
