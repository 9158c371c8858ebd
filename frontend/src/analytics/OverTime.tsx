import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useDeliveryAnalytics, type Period } from "../api/queries";
import { Answered } from "../shared/Answered";
import { count, duration, percent } from "../shared/format";
import { asked, longestOf, success, times, type Bar } from "./bars";
import { behind, narrowed, type By } from "./behind";
import { Spark } from "./Spark";

interface Props {
  group: Schemas["Group"];
  by: By;
  period: Period;
  /** Whether all were counted beforehand, which reasons of one group never are. */
  beforehand: boolean;
}

/** How one connector, rule, customer or reason did in each stretch of the period, and why its deliveries failed. */
export function OverTime({ group, by, period, beforehand }: Props) {
  const { series, delivery_seconds: delivery, confirmation_seconds: confirmation } = group;
  const time = (p50: number | null, p95: number | null) => t`half at most ${duration(p50)}, 95 % ${duration(p95)}`;
  return (
    <Stack gap="md" py="xs" className="over-time">
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Line title={t`Success`} about={percent(group.success_rate)} bars={success(series, period)} />
        <Line
          title={t`Delivery, half / 95 %`}
          about={time(delivery.p50, delivery.p95)}
          longest={longestOf(series, "delivery_seconds")}
          bars={times(series, "delivery_seconds", period)}
        />
        <Line
          title={t`Confirmation, half / 95 %`}
          about={time(confirmation.p50, confirmation.p95)}
          longest={longestOf(series, "confirmation_seconds")}
          bars={times(series, "confirmation_seconds", period)}
        />
      </SimpleGrid>
      {by !== "reason" && <Reasons by={by} of={group.key} period={period} beforehand={beforehand} />}
    </Stack>
  );
}

function Line({ title, about, longest, bars }: { title: string; about: string; longest?: number | null; bars: Bar[] }) {
  const isTime = longest !== undefined;
  const scale = isTime && longest !== null ? t`95 % within up to ${duration(longest)}` : "–";
  return (
    <div>
      <Text size="xs" fw={600}>
        {title}
      </Text>
      <Text size="xs" c="dimmed" mb={4}>
        {isTime ? scale : about}
      </Text>
      <Spark wide times={isTime} bars={bars} label={`${title}: ${about}`} />
    </div>
  );
}

function Reasons({ by, of, period, beforehand }: { by: By; of: string | null; period: Period; beforehand: boolean }) {
  const found = useDeliveryAnalytics({ by: "reason", period, ...narrowed(by, of) });
  return (
    <Answered query={found}>
      {({ items, since }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed">
            <Trans>Nothing failed</Trans>
          </Text>
        ) : (
          <div>
            <Text size="xs" fw={600}>
              <Trans>Why deliveries failed or waited</Trans>
            </Text>
            <Table>
              <Table.Tbody>
                {items.map((reason) => (
                  <Reason
                    key={reason.key}
                    reason={reason}
                    to={behind("reason", reason.key, since, { by, key: of })}
                    period={period}
                  />
                ))}
              </Table.Tbody>
            </Table>
            {beforehand && (
              <Text size="xs" c="dimmed">
                <Trans>Of the newest 100,000 deliveries.</Trans>
              </Text>
            )}
          </div>
        )
      }
    </Answered>
  );
}

function Reason({ reason, to, period }: { reason: Schemas["Group"]; to: string | null; period: Period }) {
  return (
    <Table.Tr>
      <Table.Td>
        {to ? (
          <Anchor component={Link} to={to} size="sm" fw={600}>
            {reason.key}
          </Anchor>
        ) : (
          <Trans>Without a code</Trans>
        )}
        <Text size="xs" c="dimmed" lineClamp={2}>
          {reason.name}
        </Text>
      </Table.Td>
      <Table.Td ta="right" className="numeric">
        {count(reason.requested)}
      </Table.Td>
      <Table.Td>
        <Asked group={reason} period={period} />
      </Table.Td>
    </Table.Tr>
  );
}

/** What was asked for over the period, and what of it failed. */
export function Asked({ group: { series }, period }: { group: Schemas["Group"]; period: Period }) {
  const most = Math.max(1, ...series.map(({ requested }) => requested));
  const failed = series.reduce((sum, each) => sum + each.failed, 0);
  return <Spark bars={asked(series, period)} label={t`At most ${count(most)} at once, ${count(failed)} failed`} />;
}
