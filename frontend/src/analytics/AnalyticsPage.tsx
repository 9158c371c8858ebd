import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Anchor, Button, Group, SegmentedControl, Select, Table, Text } from "@mantine/core";
import { IconChartBar, IconChevronDown, IconChevronRight, IconDownload } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { Link } from "react-router";
import { useDeliveryAnalytics, type Period } from "../api/queries";
import type { Schemas } from "../api/client";
import { Answered } from "../shared/Answered";
import { CountedAt } from "../shared/CountedAt";
import { downloadAnalytics } from "../shared/download";
import { Empty } from "../shared/Empty";
import { count, duration, percent } from "../shared/format";
import { ListTable } from "../shared/ListTable";
import { OpeningRow } from "../shared/OpeningRow";
import { PageTitle } from "../shared/PageTitle";
import { useFilters } from "../shared/useFilters";
import { behind, type By } from "./behind";
import { Asked, OverTime } from "./OverTime";

const PERIODS = [
  { value: "24h", label: t`24 h` },
  { value: "7d", label: t`7 days` },
  { value: "30d", label: t`30 days` },
];
const BYS: { value: By; label: string }[] = [
  { value: "connection", label: t`Connector` },
  { value: "route", label: t`Rule` },
  { value: "customer", label: t`Customer` },
  { value: "reason", label: t`Reason` },
];

/** How deliveries went, by connector, rule, customer or reason; which of them is in the address. */
export default function AnalyticsPage() {
  const filters = useFilters();
  const by = (filters.one("by") ?? "connection") as By;
  const period = (filters.one("period") ?? "30d") as Period;
  const [opened, setOpened] = useState<string>();
  const found = useDeliveryAnalytics({ by, period });
  const actions = (
    <>
      <Select
        aria-label={t`By`}
        data={BYS}
        value={by}
        allowDeselect={false}
        w={140}
        onChange={(value) => filters.set({ by: value })}
      />
      <SegmentedControl
        data={PERIODS}
        value={period}
        onChange={(value) => filters.set({ period: value })}
        aria-label={t`Period`}
      />
      <Button
        variant="default"
        leftSection={<IconDownload size={16} />}
        onClick={() => void downloadAnalytics({ by, period })}
      >
        <Trans>CSV</Trans>
      </Button>
      <Button
        variant="default"
        leftSection={<IconDownload size={16} />}
        onClick={() => void downloadAnalytics({ by, period }, true)}
      >
        <Trans>CSV over time</Trans>
      </Button>
    </>
  );
  return (
    <>
      <PageTitle
        actions={actions}
        about={t`Success, times and failures, of what was asked for in the period`}
      >{t`Analytics`}</PageTitle>
      <Answered query={found}>
        {({ items, since, counted_at }) =>
          items.length === 0 ? (
            <Empty icon={IconChartBar} title={by === "reason" ? t`Nothing failed` : t`Nothing was pushed`}>
              <Trans>Choose a longer period to look further back.</Trans>
            </Empty>
          ) : (
            <>
              <ListTable head={<Head by={by} />} minWidth={760}>
                {items.map((group) => {
                  const id = `${by}:${group.key ?? ""}`;
                  const isOpen = opened === id;
                  return (
                    <Fragment key={id}>
                      <Row
                        group={group}
                        by={by}
                        period={period}
                        since={since}
                        isOpen={isOpen}
                        toggle={() => setOpened(isOpen ? undefined : id)}
                      />
                      {isOpen && (
                        <Table.Tr>
                          <Table.Td colSpan={COLUMNS}>
                            <OverTime group={group} by={by} period={period} beforehand={Boolean(counted_at)} />
                          </Table.Td>
                        </Table.Tr>
                      )}
                    </Fragment>
                  );
                })}
              </ListTable>
              <CountedAt at={counted_at} />
            </>
          )
        }
      </Answered>
    </>
  );
}

const COLUMNS = 7;

function Head({ by }: { by: By }) {
  return (
    <>
      <Table.Th>{BYS.find(({ value }) => value === by)?.label}</Table.Th>
      <Table.Th ta="right" className="whole">
        <Trans>Asked for</Trans>
      </Table.Th>
      <Table.Th ta="right" className="whole">
        <Trans>Success</Trans>
      </Table.Th>
      <Table.Th ta="right" className="whole">
        <Trans>Failed</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Over time</Trans>
      </Table.Th>
      <Table.Th ta="right" className="whole">
        <Trans>Delivery, half / 95 %</Trans>
      </Table.Th>
      <Table.Th ta="right" className="whole">
        <Trans>Confirmation, half / 95 %</Trans>
      </Table.Th>
    </>
  );
}

/** Under this, something is wrong. */
const GOOD = 0.9;

interface RowProps {
  group: Schemas["Group"];
  by: By;
  period: Period;
  since: string;
  isOpen: boolean;
  toggle: () => void;
}

function Row({ group, by, period, since, isOpen, toggle }: RowProps) {
  const { delivery_seconds: delivery, confirmation_seconds: confirmation, success_rate: success } = group;
  const to = behind(by, group.key, since);
  const name = group.name ?? group.key ?? NONE[by];
  const called = by === "reason" ? (group.key ?? name) : name;
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <OpeningRow opens={toggle}>
      <Table.Td>
        <Group gap={4} wrap="nowrap">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-expanded={isOpen}
            aria-label={t`Success, times and reasons of ${called}`}
            onClick={toggle}
          >
            <Chevron size={14} />
          </ActionIcon>
          {to ? (
            <Anchor component={Link} to={to} fw={600}>
              {called}
            </Anchor>
          ) : (
            <Text size="sm" fw={600}>
              {called}
            </Text>
          )}
        </Group>
        <Text size="xs" c="dimmed" lineClamp={2}>
          {by === "reason" ? group.name : by === "customer" && group.key !== group.name ? group.key : null}
        </Text>
      </Table.Td>
      <Table.Td ta="right" className="numeric">
        {count(group.requested)}
      </Table.Td>
      <Table.Td ta="right" className="numeric">
        <Text
          span
          size="sm"
          fw={600}
          className="whole"
          c={success !== null && success < GOOD ? "var(--mantine-color-error)" : undefined}
        >
          {percent(success)}
        </Text>
      </Table.Td>
      <Table.Td ta="right" className="numeric">
        {count(group.failed)}
      </Table.Td>
      <Table.Td>
        <Asked group={group} period={period} />
      </Table.Td>
      <Table.Td ta="right" className="numeric whole">
        {duration(delivery.p50)} / {duration(delivery.p95)}
      </Table.Td>
      <Table.Td ta="right" className="numeric whole">
        {duration(confirmation.p50)} / {duration(confirmation.p95)}
      </Table.Td>
    </OpeningRow>
  );
}

const NONE: Record<By, string> = {
  connection: t`A connector that is gone`,
  route: t`No rule: the default connector`,
  customer: t`No customer`,
  reason: t`Without a code`,
};
