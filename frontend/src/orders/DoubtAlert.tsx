import type { Schemas } from "../api/client";
import { Alert, Code, Group, List, Text } from "@mantine/core";
import { useMay } from "../api/queries";
import { Moment } from "../shared/Moment";
import { ResolveButtons } from "./OrderActions";

type Export = Schemas["Export"];

/** Tells whether nobody knows if the ERP has it: it is asked, or a person decides. */
export function isInDoubt({ waits_for, error }: Export): boolean {
  return waits_for === "DECISION" || (waits_for === "RETRY_TIME" && error?.code === "IN_DOUBT");
}

/** What is asked, since when, and the ways out. */
export function DoubtAlert({ held }: { held: Export }) {
  const may = useMay();
  const { error, held_at, next_attempt_at } = held;
  const since = held.last_begun_at ?? held_at;
  return (
    <Alert color="orange" title="In doubt: nobody can tell whether the ERP has this order">
      {error?.message && <Text size="sm">{error.message}</Text>}
      {since && (
        <Text size="sm">
          It was last sent <Moment at={since} />
          {held_at && (
            <>
              , and waits for a decision since <Moment at={held_at} />
            </>
          )}
          .
        </Text>
      )}
      <List size="sm" my="xs">
        <List.Item>
          <b>It waits by itself:</b> the ERP is asked again where it can be asked, next <Moment at={next_attempt_at} />.
          What it clearly answers decides.
        </List.Item>
        <List.Item>
          <b>The ERP has it:</b> look there first. The order then counts as delivered, and the ERP's answer is awaited.
        </List.Item>
        <List.Item>
          <b>Send again:</b> if the ERP has it after all, the order is there twice.
        </List.Item>
      </List>
      {held_at && may("ORDERS_PUSH") && (
        <Group gap="xs">
          <ResolveButtons exportId={held.id} size="xs" />
        </Group>
      )}
      {error?.code && <Code mt="xs">{error.code}</Code>}
    </Alert>
  );
}
