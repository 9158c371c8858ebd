import { Trans } from "@lingui/react/macro";
import { Anchor, Badge, Card, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { HealthBadge } from "../connectors/HealthBadge";
import { PollAlert } from "../connectors/PollAlert";
import { count } from "../shared/format";
import { Moment } from "../shared/Moment";

type Connector = Schemas["ConnectorHealth"];

export function ConnectorsCard({ connectors }: { connectors: Connector[] }) {
  return (
    <Card>
      <Title order={2} size="h5" mb="md">
        <Trans>Connectors</Trans>
      </Title>
      <Stack gap="sm">
        {connectors.map((connector) => (
          <ConnectorLine key={connector.id} connector={connector} />
        ))}
        {connectors.length === 0 && (
          <Text size="sm" c="dimmed">
            <Trans>There is none yet.</Trans>
          </Text>
        )}
      </Stack>
    </Card>
  );
}

function ConnectorLine({ connector }: { connector: Connector }) {
  const { health, is_default } = connector;
  return (
    <div>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Anchor component={Link} to={`/connectors#${connector.id}`} fw={600}>
            {connector.name ?? connector.connector_type}
          </Anchor>
          {is_default && (
            <Badge size="sm" variant="default" radius="sm">
              <Trans>default</Trans>
            </Badge>
          )}
        </Group>
        <HealthBadge connector={connector} />
      </Group>
      <Text size="xs" c="dimmed" className="numeric">
        <Trans>
          {count(health.waiting)} waiting, {count(health.unanswered)} unanswered
          {health.oldest_unanswered_at && (
            <>
              <Trans>
                , the oldest since <Moment at={health.oldest_unanswered_at} />
              </Trans>
            </>
          )}
        </Trans>
      </Text>
      {health.error?.message && (
        <Text size="sm" c="red">
          {health.error.message}
        </Text>
      )}
      <PollAlert connector={connector} />
    </div>
  );
}
