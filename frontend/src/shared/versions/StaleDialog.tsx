import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Group, Modal, Radio, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMemo, useState, type ReactNode } from "react";
import { chosen, differences, type Difference, type Side } from "./differences";
import type { Stale, Stored } from "./useSaving";

interface Words {
  /** A field as the form calls it. */
  label: (path: string[]) => string;
  show: (value: unknown, path: string[]) => ReactNode;
}

interface Props<T> extends Words {
  stale: Stale<T>;
  onSettled: (merged: T, over: Stored<T>) => void;
  onBack: () => void;
  /** What leads back, if it is no form. */
  back?: string;
}

const SIDES: [Side, string][] = [
  ["theirs", t`Saved meanwhile`],
  ["yours", t`Yours`],
  ["original", t`As it was`],
];

/** Somebody saved the same thing while you had it open: both are shown, and you choose field by field. */
export function StaleDialog<T extends Record<string, unknown>>({ stale, onSettled, onBack, back, ...words }: Props<T>) {
  const { original, theirs, yours } = stale;
  const found = useMemo(() => differences(original, theirs.value, yours), [original, theirs, yours]);
  const [choices, setChoices] = useState<(Side | undefined)[]>(() => found.map(({ clear }) => clear));
  const settled = choices.filter((side) => side !== undefined);
  const whole = settled.length === found.length;
  return (
    <Modal opened onClose={onBack} title={t`Somebody else saved this meanwhile`} size="lg" closeOnClickOutside={false}>
      <Stack>
        <Text size="sm">
          <Trans>
            Nothing of yours is saved yet, and nothing is lost. Where only one of you changed a field, that is chosen
            already.
          </Trans>
        </Text>
        {found.map((difference, at) => (
          <Choice
            key={difference.path.join("/")}
            {...words}
            difference={difference}
            value={choices[at]}
            onChange={(side) => setChoices(choices.with(at, side))}
          />
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={onBack}>
            {back ?? t`Back to the form`}
          </Button>
          <Button disabled={!whole} onClick={() => onSettled(chosen(theirs.value, found, settled), theirs)}>
            <Trans>Save what is chosen</Trans>
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface ChoiceProps extends Words {
  difference: Difference;
  value: Side | undefined;
  onChange: (side: Side) => void;
}

function Choice({ difference, value, onChange, label, show }: ChoiceProps) {
  const { path, clear, ...values } = difference;
  return (
    <Radio.Group label={label(path)} value={value ?? null} onChange={(side) => onChange(side as Side)}>
      <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="xs" mt={4}>
        {SIDES.filter(([side]) => side !== "original" || !clear).map(([side, name]) => (
          <Radio.Card key={side} value={side} p="xs" aria-label={`${label(path)}: ${name}`}>
            <Group gap="xs" wrap="nowrap" align="flex-start">
              <Radio.Indicator mt={2} />
              <div>
                <Text size="xs" c="dimmed">
                  {name}
                </Text>
                <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
                  {show(values[side], path)}
                </Text>
              </div>
            </Group>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}
