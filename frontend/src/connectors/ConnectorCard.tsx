import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Badge, Button, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useLastDelivery, useMay } from "../api/queries";
import { ProblemAlert } from "../shared/ErrorAlert";
import { count } from "../shared/format";
import { Moment } from "../shared/Moment";
import { ConnectorActions, waitingFor } from "./ConnectorActions";
import { connectorName } from "./connectorName";
import { HealthBadge } from "./HealthBadge";
import { PollAlert } from "./PollAlert";
import { TestResult } from "./TestResult";

type Connector = Schemas["Connector"];

interface Props {
  connector: Connector;
  /** Its type is there; without it, it can only be disabled and deleted. */
  installed: boolean;
  onEdit: () => void;
  onHours: () => void;
  onDuplicate: () => void;
  onCompare?: () => void;
}

export function ConnectorCard({ connector, installed, onEdit, onHours, onDuplicate, onCompare }: Props) {
  const { health } = connector;
  const may = useMay();
  const path = { connector_id: connector.id };
  const test = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/test", { params: { path } })), {
    quiet: true,
  });
  const trust = useAction(
    (body: Schemas["HostKey"]) =>
      answer(api.POST("/api/v1/connectors/{connector_id}/accept-host-key", { params: { path }, body })),
    { done: t`The key is accepted`, onDone: () => test.run(undefined) },
  );
  const accept = may("CONNECTORS_EDIT")
    ? (host_key: string, fingerprint: string) => trust.run({ host_key, fingerprint })
    : undefined;
  const problem = health.error ?? health.test_error;
  return (
    <Card id={connector.id} component="section" aria-label={connectorName(connector)} style={{ scrollMarginTop: 72 }}>
      <Stack gap="sm">
        <Heading connector={connector} />
        <Facts connector={connector} />
        {problem && !test.error && !test.isPending && (
          <ProblemAlert problem={problem} color={health.state === "OPEN" ? "yellow" : "red"} />
        )}
        <PollAlert connector={connector} />
        <TestResult pending={test.isPending} passed={test.data} error={test.error} onAccept={accept} />
        <Group gap={6}>
          {may("CONNECTORS_TEST") && (
            <Button size="xs" px="sm" variant="light" loading={test.isPending} onClick={() => test.run(undefined)}>
              <Trans>Test connection</Trans>
            </Button>
          )}
          {may("CONNECTORS_EDIT") && (
            <ConnectorActions
              connector={connector}
              onEdit={installed ? onEdit : undefined}
              onHours={onHours}
              onDuplicate={installed && connector.config ? onDuplicate : undefined}
              onCompare={installed ? onCompare : undefined}
            />
          )}
        </Group>
      </Stack>
    </Card>
  );
}

function Heading({ connector }: { connector: Connector }) {
  return (
    <Group justify="space-between" align="flex-start" gap="xs">
      <div>
        <Group gap="xs">
          <Title order={2} size="h4">
            {connectorName(connector)}
          </Title>
          {connector.is_default && (
            <Badge size="sm" variant="default" radius="sm">
              <Trans>default</Trans>
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {connector.display_name}
        </Text>
      </div>
      <HealthBadge connector={connector} />
    </Group>
  );
}

/** When something last arrived at the ERP, which says more than that something once did. */
function LastDelivery({ id }: { id: string }) {
  const { data } = useLastDelivery(id);
  if (!data) return null;
  return (
    <Fact label={t`Last delivery`}>
      <Moment at={data.created_at} />
    </Fact>
  );
}

function Facts({ connector }: { connector: Connector }) {
  const { id, config, health, last_test_at, opening_hours, certificate_ends_at } = connector;
  const target = config && [config.host ?? config.url, config.export_path].filter(Boolean).join(" · ");
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={4}>
      {target && (
        <Fact label={t`Target`}>
          <span className="mono">{String(target)}</span>
        </Fact>
      )}
      {connector.delivered_at && <LastDelivery id={id} />}
      <Fact label={t`Last test passed`}>{last_test_at ? <Moment at={last_test_at} /> : t`not yet`}</Fact>
      {certificate_ends_at && (
        <Fact label={t`Last certificate ends`}>
          <Anchor component={Link} to="/certificates" c={endsSoon(certificate_ends_at) ? "red" : undefined}>
            <Moment at={certificate_ends_at} absolute />
          </Anchor>
        </Fact>
      )}
      {opening_hours && (
        <Fact label={t`Opening hours`}>
          {health.closed ? t`closed until ` : t`open until `}
          <Moment at={health.closed ? health.opens_at : health.closes_at} absolute />
        </Fact>
      )}
      <Fact label={t`Waiting`}>
        {health.waiting ? (
          <Anchor component={Link} to={waitingFor(id)}>
            {plural(health.waiting, { one: "# delivery", other: "# deliveries" })}
          </Anchor>
        ) : (
          0
        )}
        <Oldest at={health.oldest_waiting_at} />
      </Fact>
      <Fact label={t`Unanswered`}>
        {count(health.unanswered)}
        <Oldest at={health.oldest_unanswered_at} />
      </Fact>
    </SimpleGrid>
  );
}

function Oldest({ at }: { at: string | null }) {
  if (!at) return null;
  return (
    <>
      <Trans>
        , oldest <Moment at={at} />
      </Trans>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Text size="sm" component="div">
      <Text span c="dimmed" size="sm">
        {label}:{" "}
      </Text>
      {children}
    </Text>
  );
}

const DAY = 24 * 3_600_000;

function endsSoon(moment: string) {
  return Date.parse(moment) - Date.now() < 30 * DAY;
}
