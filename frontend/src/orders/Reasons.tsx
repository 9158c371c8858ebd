import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Code, Group, List, Text } from "@mantine/core";
import type { ExactOrder } from "../api/queries";
import { ProblemAlert } from "../shared/ErrorAlert";
import { Moment } from "../shared/Moment";
import { WaitsFor } from "../shared/WaitsFor";
import { isInDoubt } from "./doubt";
import { DifferencesAlert } from "./Differences";
import { DoubtAlert } from "./DoubtAlert";
import { HoldsAlert } from "./Holds";
import { ResolveButtons } from "./OrderActions";
import { UnreadableAlert } from "./UnreadableAlert";

/** Why an order does not go on by itself, and what to do. */
export function Reasons({ order }: { order: ExactOrder }) {
  const latest = order.latest_export;
  const doubt = latest !== null && isInDoubt(order, latest);
  return (
    <>
      {order.holds.length > 0 && <HoldsAlert orderId={order.id} holds={order.holds} />}
      {order.status === "NEEDS_REVIEW" && order.missing.length > 0 && <Missing missing={order.missing} />}
      {order.status === "ERROR" && order.error && !doubt && (
        <ProblemAlert problem={order.error} title={failureTitle(order)} />
      )}
      {order.status === "APPROVED" && order.waits_for && <NoRoute order={order} />}
      {doubt && <DoubtAlert order={order} delivery={latest} />}
      {!doubt && <Waiting order={order} />}
      {order.earlier_export && <Changed order={order} earlier={order.earlier_export} />}
      {order.recall && <Recall order={order} recall={order.recall} />}
      {order.unreadable_answer && <UnreadableAlert order={order} answer={order.unreadable_answer} />}
      {order.differs && order.confirmed && <DifferencesAlert order={order} confirmed={order.confirmed} />}
      {latest?.overdue && !order.unreadable_answer && <Overdue order={order} sent_at={latest.sent_at} />}
    </>
  );
}

function failureTitle({ earlier_export, latest_export }: ExactOrder): string {
  if (earlier_export) return t`The change was not made`;
  return latest_export?.answered_at ? t`The ERP refused this order` : t`This order was not delivered`;
}

const ARRIVED = new Set(["SENT", "ACKED"]);

/** What the ERP has of an order that says something else by now. */
function Changed({ order, earlier }: { order: ExactOrder; earlier: NonNullable<ExactOrder["earlier_export"]> }) {
  if (!ARRIVED.has(earlier.status))
    return (
      <Alert color="orange" title={t`The change waits`}>
        <Text size="sm">
          <Trans>It goes out once it is known whether the order arrived as it was before.</Trans>
        </Text>
        {earlier.error?.message && <Text size="sm">{earlier.error.message}</Text>}
        <Group mt="xs" gap="xs">
          <ResolveButtons delivery={earlier} actions={earlier.actions} size="xs" />
        </Group>
      </Alert>
    );
  if (order.status === "PUSHING")
    return (
      <Alert color="blue" title={t`A change is on its way`}>
        <Text size="sm">
          <Trans>The ERP has the order as it was before, and is asked to change it.</Trans>
        </Text>
      </Alert>
    );
  if (order.status === "PUSHED")
    return (
      <Alert color="blue" title={t`The ERP was asked to change this order`}>
        <Text size="sm">
          <Trans>Its answer is awaited.</Trans>
        </Text>
      </Alert>
    );
  if (order.status === "CONFIRMED" || order.status === "ERROR" || order.status === "RECALLED") return null;
  return (
    <Alert color="yellow" title={t`The ERP has this order as it was before`}>
      <Text size="sm">
        <Trans>What it says now goes out once it is approved and pushed. Its revisions tell what the ERP has.</Trans>
      </Text>
    </Alert>
  );
}

function Recall({ order, recall }: { order: ExactOrder; recall: NonNullable<ExactOrder["recall"]> }) {
  if (order.status === "RECALLING")
    return (
      <Alert color="orange" title={t`The ERP is asked to give this order back`}>
        <Text size="sm">{recall.reason}</Text>
        {recall.waits_for && !GOES_ON.has(recall.waits_for) && <WaitsFor delivery={recall} />}
        {recall.error?.message && <Text size="sm">{recall.error.message}</Text>}
        {recall.overdue && (
          <Text size="sm">
            <Trans>It should have answered by now: ask its people.</Trans>
          </Text>
        )}
      </Alert>
    );
  const kept = recall.status === "FAILED" && order.status !== "RECALLED";
  return kept && recall.error && <ProblemAlert problem={recall.error} title={t`The ERP keeps this order`} />;
}

function Missing({ missing }: { missing: string[] }) {
  return (
    <Alert color="yellow" title={t`Before it can be approved`}>
      <List size="sm">
        {missing.map((what) => (
          <List.Item key={what}>{what}</List.Item>
        ))}
      </List>
    </Alert>
  );
}

const GOES_ON = new Set(["ATTEMPT", "WORKER", "HOLD"]);

function Waiting({ order }: { order: ExactOrder }) {
  const latest = order.latest_export;
  if (order.status !== "PUSHING" || !latest?.waits_for || GOES_ON.has(latest.waits_for)) return null;
  const reason = latest.connector_error ?? latest.error;
  return (
    <Alert color="yellow" title={<WaitsFor delivery={latest} />}>
      {reason?.message && <Text size="sm">{reason.message}</Text>}
      {reason?.hint && (
        <Text size="sm" c="dimmed">
          {reason.hint}
        </Text>
      )}
      {reason?.code && <Code mt={4}>{reason.code}</Code>}
    </Alert>
  );
}

function NoRoute({ order }: { order: ExactOrder }) {
  const nobody = order.waits_for === "ROUTED_TO_NOBODY";
  return (
    <Alert color="yellow" title={t`Waits for a route`}>
      <Text size="sm">
        <Trans>
          Its push was asked for <Moment at={order.push_requested_at} />.{" "}
          {nobody ? t`The connector of its rule is DISABLED.` : t`No rule is for it, and no connector is the default.`}
        </Trans>
      </Text>
      <Text size="sm" c="dimmed">
        <Trans>
          {nobody ? t`Enable that connector, or change the rule` : t`Add a rule, or make a connector the default`}: it
          goes out by itself then.
        </Trans>
      </Text>
      <Code mt={4}>{order.waits_for}</Code>
    </Alert>
  );
}

function Overdue({ order, sent_at }: { order: ExactOrder; sent_at: string | null }) {
  return (
    <Alert color="orange" title={t`The ERP has not answered in time`}>
      <Trans>
        It was delivered <Moment at={sent_at} />. Ask the ERP's people
        {order.actions.includes("confirm") ? t`, or confirm it by hand.` : "."}
      </Trans>
    </Alert>
  );
}
