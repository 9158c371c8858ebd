import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Button, Drawer, Group, Stack, Table, Text } from "@mantine/core";
import { IconTruckDelivery } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useAttempt, useAttempts, type AttemptQuery } from "../api/queries";
import { Answered } from "../shared/Answered";
import { Empty } from "../shared/Empty";
import { ProblemAlert } from "../shared/ErrorAlert";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { OpeningRow } from "../shared/OpeningRow";
import { Paged, useCursor } from "../shared/Pager";
import { AttemptBadge } from "../shared/states";
import { Json } from "../shared/Json";
import { useReturnFocus } from "../shared/useReturnFocus";

/** Every single attempt, with what was asked and what was answered. */
export function Attempts({ query }: { query: AttemptQuery }) {
  const cursor = useCursor();
  const attempts = useAttempts({ ...query, limit: 50, cursor: cursor.cursor });
  const [opened, setOpened] = useState<Schemas["Attempt"]>();
  const none = <Empty icon={IconTruckDelivery} title={t`No attempt fits what you chose`} />;
  return (
    <Paged query={attempts} cursor={cursor} none={none}>
      {(items) => (
        <>
          <ListTable head={<Head />}>
            {items.map((attempt) => (
              <Row key={attempt.id} attempt={attempt} onOpen={() => setOpened(attempt)} />
            ))}
          </ListTable>
          {opened && <Details attempt={opened} onClose={() => setOpened(undefined)} />}
        </>
      )}
    </Paged>
  );
}

function Head() {
  return (
    <>
      <Table.Th>
        <Trans>Order</Trans>
      </Table.Th>
      <Table.Th visibleFrom="xs">
        <Trans>Attempt</Trans>
      </Table.Th>
      <Table.Th visibleFrom="sm" ta="right">
        <Trans>Latency</Trans>
      </Table.Th>
      <Table.Th visibleFrom="sm">
        <Trans>When</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Outcome</Trans>
      </Table.Th>
    </>
  );
}

function Row({ attempt, onOpen }: { attempt: Schemas["Attempt"]; onOpen: () => void }) {
  const name = attempt.external_order_number ?? attempt.draft_order_id.slice(0, 8);
  return (
    <OpeningRow opens={onOpen}>
      <Table.Td>
        <Anchor component={Link} to={`/orders/${attempt.draft_order_id}`} fw={600} className="whole" data-row>
          {name}
        </Anchor>
      </Table.Td>
      <Table.Td visibleFrom="xs" className="numeric">
        {attempt.attempt_no}
      </Table.Td>
      <Table.Td visibleFrom="sm" ta="right" className="numeric">
        {attempt.latency_ms === null ? "–" : t`${attempt.latency_ms} ms`}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Moment at={attempt.created_at} />
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="space-between">
          <div className="grows">
            <AttemptBadge status={attempt.status} />
            {attempt.error_message && (
              <Text size="xs" c="dimmed" lineClamp={2}>
                {attempt.error_message}
              </Text>
            )}
          </div>
          <Button
            size="xs"
            variant="default"
            onClick={onOpen}
            aria-label={t`Open attempt ${attempt.attempt_no} of ${name}`}
          >
            <Trans>Open</Trans>
          </Button>
        </Group>
      </Table.Td>
    </OpeningRow>
  );
}

function Details({ attempt, onClose }: { attempt: Schemas["Attempt"]; onClose: () => void }) {
  useReturnFocus();
  const details = useAttempt(attempt.id);
  return (
    <Drawer
      opened
      onClose={onClose}
      size="lg"
      title={t`Attempt ${attempt.attempt_no} of ${attempt.external_order_number ?? ""}`}
    >
      <Answered query={details}>
        {(whole) => (
          <Stack gap="xs">
            <Text size="sm" c="dimmed">
              <Moment at={whole.created_at} absolute />
              {whole.latency_ms !== null && t`, ${whole.latency_ms} ms`}
            </Text>
            {whole.error_message && <ProblemAlert problem={{ message: whole.error_message, code: whole.error_code }} />}
            <Json title={t`Request`} value={whole.request_json} />
            <Json title={t`Response`} value={whole.response_json} />
          </Stack>
        )}
      </Answered>
    </Drawer>
  );
}
