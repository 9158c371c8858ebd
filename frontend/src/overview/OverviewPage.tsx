import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Card, Group, SegmentedControl, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useStats, type Period } from "../api/queries";
import { Answered } from "../shared/Answered";
import { PageTitle } from "../shared/PageTitle";
import { DeliveryChart } from "./DeliveryChart";
import { ConnectorsCard } from "./ConnectorsCard";
import { FirstSteps } from "./FirstSteps";
import { NeedsYou } from "../needs/NeedsYou";
import { CountedAt } from "../shared/CountedAt";
import { ByRule } from "./ByRule";
import { Waiting } from "./Waiting";
import { count, duration, percent } from "../shared/format";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { ORDER_STATES, OrderBadge } from "../shared/states";
import { dayOf } from "../shared/useFilters";

const PERIODS = [
  { value: "24h", label: t`24 h` },
  { value: "7d", label: t`7 days` },
  { value: "30d", label: t`30 days` },
];

export default function OverviewPage() {
  const [period, setPeriod] = useState<Period>("24h");
  const stats = useStats(period);
  const choice = (
    <SegmentedControl
      value={period}
      onChange={(value) => setPeriod(value as Period)}
      data={PERIODS}
      aria-label={t`Period`}
    />
  );
  return (
    <>
      <PageTitle actions={choice} about={t`What needs you, what came in, and what went out`}>{t`Overview`}</PageTitle>
      <FirstSteps />
      <NeedsYou />
      <Answered query={stats}>{(data) => <Numbers stats={data} />}</Answered>
    </>
  );
}

function Numbers({ stats }: { stats: Schemas["Stats"] }) {
  return (
    <Stack gap="md">
      <KeyFigures stats={stats} />
      <Card>
        <Title order={2} size="h5" mb="md">
          <Trans>Deliveries</Trans>
        </Title>
        {stats.deliveries.requested === 0 ? (
          <Text size="sm" c="dimmed">
            <Trans>Nothing was pushed in this period.</Trans>
          </Text>
        ) : (
          <DeliveryChart series={stats.series} period={stats.period} />
        )}
        <CountedAt at={stats.counted_at} />
      </Card>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Today counts={stats.orders_today} />
        <ConnectorsCard connectors={stats.connectors} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {stats.waits.length > 0 && <Waiting waits={stats.waits} />}
        {stats.rules.length > 0 && <ByRule rules={stats.rules} />}
      </SimpleGrid>
      {stats.failures.length > 0 && <Failures failures={stats.failures} period={stats.period} />}
    </Stack>
  );
}

function KeyFigures({ stats: { deliveries, queue } }: { stats: Schemas["Stats"] }) {
  const { delivery_seconds: delivery, confirmation_seconds: confirmation } = deliveries;
  const rate = deliveries.success_rate;
  const most = (seconds: number | null, none: string) =>
    seconds === null ? none : t`95 % within ${duration(seconds)}`;
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }}>
      <Figure
        label={t`Success rate`}
        value={percent(rate)}
        color={rate !== null && rate < 0.9 ? "red" : undefined}
        note={t`${count(deliveries.delivered)} delivered, ${count(deliveries.failed)} failed`}
      />
      <Figure
        label={t`Delivery, median`}
        value={duration(delivery.p50)}
        note={most(delivery.p95, t`nothing delivered yet`)}
      />
      <Figure
        label={t`ERP's confirmation, median`}
        value={duration(confirmation.p50)}
        note={most(confirmation.p95, t`nothing confirmed yet`)}
      />
      <Figure
        label={t`Waiting now`}
        value={count(queue.waiting)}
        to="/deliveries?view=waiting"
        note={queue.waiting ? t`the oldest for ${duration(queue.oldest_waiting_seconds)}` : t`nothing waits`}
      />
    </SimpleGrid>
  );
}

function Figure({
  label,
  value,
  note,
  color,
  to,
}: {
  label: string;
  value: string;
  note: string;
  color?: string;
  to?: string;
}) {
  return (
    <Card padding="md">
      <Text size="sm" c="dimmed">
        {to ? (
          <Anchor component={Link} to={to} size="sm">
            {label}
          </Anchor>
        ) : (
          label
        )}
      </Text>
      <Text fz={30} fw={700} lh={1.3} className="numeric" c={color}>
        {value}
      </Text>
      <Text size="xs" c="dimmed" className="numeric">
        {note}
      </Text>
    </Card>
  );
}

function Today({ counts }: { counts: Schemas["Stats"]["orders_today"] }) {
  const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
  return (
    <Card>
      <Group justify="space-between" mb="md">
        <Title order={2} size="h5">
          <Trans>Orders of today</Trans>
        </Title>
        <Text size="sm" c="dimmed" className="numeric">
          {plural(total, { one: "# order", other: "# orders" })}
        </Text>
      </Group>
      <Stack gap={8}>
        {ORDER_STATES.filter((state) => counts[state]).map((state) => (
          <Group key={state} justify="space-between">
            <OrderBadge status={state} />
            <Anchor
              component={Link}
              to={`/orders?status=${state}&since=${dayOf(new Date())}`}
              className="numeric"
              fw={600}
              aria-label={t`${counts[state] ?? 0} orders ${state}`}
            >
              {count(counts[state] ?? 0)}
            </Anchor>
          </Group>
        ))}
        {total === 0 && (
          <Text size="sm" c="dimmed">
            <Trans>No order has come in today.</Trans>
          </Text>
        )}
      </Stack>
    </Card>
  );
}

const DAYS: Record<Period, number> = { "24h": 1, "7d": 7, "30d": 30 };

function Failures({ failures, period }: { failures: Schemas["FailureReason"][]; period: Period }) {
  const since = new Date();
  since.setDate(since.getDate() - DAYS[period]);
  return (
    <ListTable
      title={t`Why orders failed or waited in this period`}
      minWidth={300}
      head={
        <>
          <Table.Th>
            <Trans>Reason</Trans>
          </Table.Th>
          <Table.Th visibleFrom="sm">
            <Trans>Last</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Orders</Trans>
          </Table.Th>
        </>
      }
    >
      {failures.map(({ code, exports, latest_at, latest_message }) => (
        <Table.Tr key={code}>
          <Table.Td>
            <Text size="sm">{latest_message}</Text>
            <Text className="mono" c="dimmed">
              {code}
            </Text>
          </Table.Td>
          <Table.Td visibleFrom="sm">
            <Moment at={latest_at} />
          </Table.Td>
          <Table.Td ta="right">
            <Anchor
              component={Link}
              to={`/deliveries?error_code=${encodeURIComponent(code ?? "")}&since=${dayOf(since)}`}
              className="numeric whole"
              fw={600}
            >
              {plural(exports, { one: "# order", other: "# orders" })}
            </Anchor>
          </Table.Td>
        </Table.Tr>
      ))}
    </ListTable>
  );
}
