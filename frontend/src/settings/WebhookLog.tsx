import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Group, Switch, Table, Text } from "@mantine/core";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useWebhookAttempts } from "../api/queries";
import { Answered } from "../shared/Answered";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";

/** Every attempt at sending events to a webhook, each of which may be sent again. */
export function WebhookLog({ webhook }: { webhook: Schemas["Webhook"] }) {
  const [failed, setFailed] = useState(false);
  const [cursors, setCursors] = useState<string[]>([]);
  const attempts = useWebhookAttempts(webhook.id, failed, cursors.at(-1));
  return (
    <>
      <Group mb="sm">
        <Switch
          label={t`Only what failed`}
          checked={failed}
          onChange={(event) => {
            setFailed(event.currentTarget.checked);
            setCursors([]);
          }}
        />
      </Group>
      <Answered query={attempts}>
        {({ items, next_cursor: next }) => (
          <>
            {items.length === 0 ? (
              <Text c="dimmed" size="sm">
                <Trans>Nothing was sent yet.</Trans>
              </Text>
            ) : (
              <ListTable head={<Head />} minWidth={480}>
                {items.map((attempt) => (
                  <Row key={attempt.id} attempt={attempt} webhookId={webhook.id} />
                ))}
              </ListTable>
            )}
            <Group mt="sm">
              {cursors.length > 0 && (
                <Button size="xs" variant="default" onClick={() => setCursors(cursors.slice(0, -1))}>
                  <Trans>Newer</Trans>
                </Button>
              )}
              {next && (
                <Button size="xs" variant="default" onClick={() => setCursors([...cursors, next])}>
                  <Trans>Older</Trans>
                </Button>
              )}
            </Group>
          </>
        )}
      </Answered>
    </>
  );
}

function Head() {
  return (
    <>
      <Table.Th>
        <Trans>When</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Event</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Answer</Trans>
      </Table.Th>
      <Table.Th ta="right">
        <Trans>Actions</Trans>
      </Table.Th>
    </>
  );
}

function Row({ attempt, webhookId }: { attempt: Schemas["WebhookAttempt"]; webhookId: string }) {
  const replay = useAction(
    () =>
      answer(
        api.POST("/api/v1/webhooks/{webhook_id}/replay", {
          params: { path: { webhook_id: webhookId } },
          body: { numbers: [attempt.number] },
        }),
      ),
    { done: t`It is sent again` },
  );
  return (
    <Table.Tr>
      <Table.Td>
        <Moment at={attempt.created_at} />
      </Table.Td>
      <Table.Td>
        <Text size="sm">{attempt.kind ?? "–"}</Text>
        <Text size="xs" c="dimmed" className="numeric">
          <Trans>
            event {attempt.number}, attempt {attempt.attempt}
          </Trans>
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" c={attempt.error ? "red.9" : undefined}>
          {attempt.error?.message ?? t`taken (${String(attempt.status)})`}
        </Text>
        <Text size="xs" c="dimmed" className="numeric">
          <Trans>{attempt.ms} ms</Trans>
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        <Button size="xs" variant="subtle" loading={replay.isPending} onClick={() => replay.run(undefined)}>
          <Trans>Send again</Trans>
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
