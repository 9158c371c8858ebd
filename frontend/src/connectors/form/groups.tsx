import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Accordion, Fieldset, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import { useState, type ReactNode } from "react";
import type { FieldSchema } from "./schema";

const FOLDED = t`Advanced`;

/** The fields of an object under the headings that its schema gives them; those for few people are folded away, at the end. */
export function ObjectTemplate(props: ObjectFieldTemplateProps) {
  const groups = grouped(props);
  const folded = groups.get(FOLDED);
  groups.delete(FOLDED);
  if (props.fieldPathId.path.length > 0)
    return <Entry fields={[...groups.values()].flat()} folded={folded} filled={filled(props)} />;
  return (
    <Stack gap="md">
      {[...groups].map(([group, fields]) => (
        <Fieldset key={group} legend={group || undefined} variant={group ? "default" : "unstyled"}>
          <Stack gap="md">{fields}</Stack>
        </Fieldset>
      ))}
      {folded && (
        <Accordion variant="contained">
          <Accordion.Item value={FOLDED}>
            <Accordion.Control>{FOLDED}</Accordion.Control>
            <Accordion.Panel>
              <Stack gap="md">{folded}</Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      )}
    </Stack>
  );
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
