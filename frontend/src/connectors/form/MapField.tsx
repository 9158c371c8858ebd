import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Fieldset, Group, Stack, Text, TextInput } from "@mantine/core";
import type { FieldProps } from "@rjsf/utils";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Tool } from "./lists";
import type { Config } from "./schema";

type Pair = [name: string, value: string];

/** Texts by names that the schema does not know, as pairs. */
export function MapField({ schema, formData, onChange, fieldPathId }: FieldProps<Config>) {
  const [pairs, setPairs] = useState<Pair[]>(
    Object.entries(formData ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const change = (next: Pair[]) => {
    setPairs(next);
    onChange(Object.fromEntries(next.filter(([name]) => name)), fieldPathId.path);
  };
  const set = (at: number, pair: Pair) => change(pairs.with(at, pair));
  return (
    <Fieldset legend={schema.title} variant="filled">
      <Stack gap="xs">
        {schema.description && (
          <Text size="xs" c="dimmed">
            {schema.description}
          </Text>
        )}
        {pairs.map(([name, value], at) => (
          <Group key={at} gap="xs" wrap="nowrap">
            <TextInput
              size="xs"
              aria-label={t`${schema.title ?? ""} ${at + 1}: from`}
              value={name}
              onChange={(event) => set(at, [event.currentTarget.value, value])}
              style={{ flex: 1 }}
            />
            <Text aria-hidden>→</Text>
            <TextInput
              size="xs"
              aria-label={t`${schema.title ?? ""} ${at + 1}: to`}
              value={value}
              onChange={(event) => set(at, [name, event.currentTarget.value])}
              style={{ flex: 1 }}
            />
            <Tool
              icon={IconTrash}
              color="red"
              label={t`Remove entry ${at + 1}`}
              onClick={() => change(pairs.toSpliced(at, 1))}
            />
          </Group>
        ))}
        <Button
          variant="default"
          size="xs"
          onClick={() => setPairs([...pairs, ["", ""]])}
          style={{ alignSelf: "start" }}
        >
          <Trans>Add</Trans>
        </Button>
      </Stack>
    </Fieldset>
  );
}
