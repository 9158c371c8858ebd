import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import type { Schemas } from "../api/client";
import { Alert, Code, Group, List, Text } from "@mantine/core";
import type { ExactOrder } from "../api/queries";
import { Moment } from "../shared/Moment";
import { ResolveButtons } from "./OrderActions";

interface Props {
  order: ExactOrder;
  /** Its newest one. */
  delivery: Schemas["Export"];
}

/** Nobody can tell whether it arrived: what is asked, since when, and the ways out. */
export function DoubtAlert({ order: { actions }, delivery }: Props) {
  const { error, held_at, next_attempt_at } = delivery;
  const since = delivery.last_begun_at ?? held_at;
  return (
    <Alert color="orange" title={t`In doubt: nobody can tell whether the ERP has this order`}>
      {error?.message && <Text size="sm">{error.message}</Text>}
      {since && (
        <Text size="sm">
          <Trans>
            It was last sent <Moment at={since} />
            {held_at && (
              <>
                <Trans>
                  , and waits for a decision since <Moment at={held_at} />
                </Trans>
              </>
            )}
            .
          </Trans>
        </Text>
      )}
      <List size="sm" my="xs">
        {delivery.status === "PENDING" && (
          <List.Item>
            <Trans>
              <b>It waits by itself:</b> the ERP is asked again where it can be asked, next{" "}
              <Moment at={next_attempt_at} />. What it clearly answers decides.
            </Trans>
          </List.Item>
        )}
        <List.Item>
          <Trans>
            <b>The ERP has it:</b> look there first. The order then counts as delivered, and the ERP's answer is
            awaited.
          </Trans>
        </List.Item>
        {actions.includes("resolve_not_delivered") && (
          <List.Item>
            <Trans>
              <b>The ERP does not have it:</b> the delivery ends, and the order can be corrected or pushed anew. If the
              ERP has it after all, the order is there twice.
            </Trans>
          </List.Item>
        )}
        {actions.includes("resolve_send_again") && (
          <List.Item>
            <Trans>
              <b>Send again:</b> if the ERP has it after all, the order is there twice.
            </Trans>
          </List.Item>
        )}
      </List>
      {actions.includes("resolve_delivered") && (
        <Group gap="xs">
          <ResolveButtons delivery={delivery} actions={actions} size="xs" />
        </Group>
      )}
      {error?.code && (
        <Text mt="xs">
          <Code>{error.code}</Code>
        </Text>
      )}
    </Alert>
  );
}
