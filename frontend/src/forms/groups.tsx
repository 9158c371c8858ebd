import { Accordion, Fieldset, Stack } from "@mantine/core";
import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import type { FieldSchema } from "./schema";

const FOLDED = "Advanced";

/** The fields of an object under the headings that its schema gives them; those for few people are folded away. */
export function ObjectTemplate({ properties, schema, title, fieldPathId }: ObjectFieldTemplateProps) {
  const nested = fieldPathId.path.length > 0;
  const groups = new Map<string, typeof properties>();
  for (const property of properties) {
    const group = (schema.properties?.[property.name] as FieldSchema | undefined)?.group ?? "";
    groups.set(group, [...(groups.get(group) ?? []), property]);
  }
  const shown = [...groups].map(([group, members]) => {
    const fields = <Stack gap="md">{members.map(({ content }) => content)}</Stack>;
    if (group === FOLDED) return <Folded key={group} group={group}>{fields}</Folded>;
    return <Fieldset key={group} legend={group || (nested ? title : undefined)} variant={group || nested ? "default" : "unstyled"}>{fields}</Fieldset>;
  });
  return <Stack gap="md">{shown}</Stack>;
}

function Folded({ group, children }: { group: string; children: React.ReactNode }) {
  return (
    <Accordion variant="contained">
      <Accordion.Item value={group}>
        <Accordion.Control>{group}</Accordion.Control>
        <Accordion.Panel>{children}</Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
