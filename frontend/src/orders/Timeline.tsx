import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Code, Text, Timeline as Line } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCertificate,
  IconCheck,
  IconCircleDashed,
  IconFileImport,
  IconGitCompare,
  IconPencil,
  IconSend,
  IconTruckDelivery,
  IconX,
  type Icon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Schemas } from "../api/client";
import { AttemptDetails } from "../deliveries/AttemptDetails";
import { downloadDocument, downloadProof } from "../shared/download";
import { Moment } from "../shared/Moment";
import { WaitsFor } from "../shared/WaitsFor";
import { changedFields, changeTitle, shownEvents, type Event, type Of } from "./events";
import { Fields } from "./Fields";

/** Everything that happened to an order, from its arrival to the ERP's confirmation. */
export function Timeline({ events }: { events: Event[] }) {
  const shown = shownEvents(events).map(told);
  return (
    <Line bulletSize={26} lineWidth={2} active={shown.length}>
      {shown.map(({ key, icon: Bullet, color, title, at, body }) => (
        <Line.Item
          key={key}
          color={color}
          bullet={<Bullet size={14} />}
          title={
            <Text size="sm" fw={600}>
              {title}
            </Text>
          }
          data-testid="event"
        >
          <Text size="xs" c="dimmed">
            <Moment at={at} absolute />
          </Text>
          {body}
        </Line.Item>
      ))}
    </Line>
  );
}

interface Told {
  key: string;
  icon: Icon;
  color: string;
  title: string;
  at: string;
  body?: ReactNode;
}

function told(event: Event, index: number): Told {
  const base = { key: `${event.kind} ${event.at} ${index}`, at: event.at };
  switch (event.kind) {
    case "arrival":
      return {
        ...base,
        icon: IconFileImport,
        color: "indigo.7",
        title: t`Came in`,
        body: <By actor={event.created_by} more={event.source_file_name} />,
      };
    case "change":
      return {
        ...base,
        icon: IconPencil,
        color: "gray.7",
        title: changeTitle(event),
        body: <Changed event={event} />,
      };
    case "revision":
      return {
        ...base,
        icon: IconGitCompare,
        color: "gray.7",
        title: t`Revision ${event.revision} differs from the one approved before`,
        body: <Fields changes={event.changes ?? []} />,
      };
    case "request":
      return {
        ...base,
        icon: IconSend,
        color: "indigo.7",
        title: t`${ASKED[event.asks_for]} requested to ${event.connection_name ?? event.connector_type}`,
        body: <Requested event={event} />,
      };
    case "attempt":
      return attempted(base, event);
    case "delivered":
      return {
        ...base,
        icon: IconTruckDelivery,
        color: "cyan.9",
        title: deliveredTitle(event),
        body: <DeliveredFile event={event} />,
      };
    case "receipt":
      return {
        ...base,
        icon: IconCertificate,
        color: event.refused ? "red.9" : "cyan.9",
        title: event.refused ? t`The partner's receipt says no` : t`The partner's receipt is kept`,
        body: <Receipt event={event} />,
      };
    case "answer":
      return answered(base, event);
  }
}

const ASKED: Record<Of<"request">["asks_for"], string> = { order: t`Push`, change: t`Change`, recall: t`Recall` };

function deliveredTitle({ asks_for, inferred }: Of<"delivered">): string {
  if (asks_for === "recall") return t`The ERP was asked to give it back`;
  if (asks_for === "change") return t`The ERP was asked to change it`;
  return inferred ? t`Found at the ERP` : t`Delivered to the ERP`;
}

function attempted(base: { key: string; at: string }, { attempt }: Of<"attempt">): Told {
  const title = t`Attempt ${attempt.attempt_no}`;
  const body = <AttemptDetails attempt={attempt} />;
  if (attempt.status === "SUCCESS")
    return { ...base, icon: IconCheck, color: "green.9", title: t`${title} succeeded`, body };
  if (attempt.status === "PENDING")
    return { ...base, icon: IconCircleDashed, color: "violet.8", title: t`${title} is under way`, body };
  return {
    ...base,
    icon: IconAlertTriangle,
    color: attempt.status === "FAILED" ? "red.9" : "orange.9",
    title: t`${title} failed`,
    body,
  };
}

const YES: Record<Of<"answer">["asks_for"], string> = {
  order: t`Confirmed by the ERP`,
  change: t`Changed by the ERP`,
  recall: t`Given back by the ERP`,
};
const NO: typeof YES = {
  order: t`Refused by the ERP`,
  change: t`The ERP did not change it`,
  recall: t`The ERP keeps it`,
};

function answered(base: { key: string; at: string }, event: Of<"answer">): Told {
  if (event.status === "ACKED")
    return {
      ...base,
      icon: IconCheck,
      color: "green.9",
      title: event.confirmed_by ? t`Confirmed by hand by ${event.confirmed_by}` : YES[event.asks_for],
      body: event.erp_order_id && (
        <Text size="sm">
          <Trans>
            Number in the ERP: <b>{event.erp_order_id}</b>
          </Trans>
        </Text>
      ),
    };
  return {
    ...base,
    icon: IconX,
    color: "red.9",
    title: event.error?.code === "RECALLED" ? t`Recalled` : NO[event.asks_for],
    body: event.error && <Words problem={event.error} />,
  };
}

function By({ actor, more }: { actor: string | null; more?: string | null }) {
  return <Text size="sm">{[actor && t`by ${actor}`, more].filter(Boolean).join(" · ")}</Text>;
}

function Words({ problem }: { problem: Schemas["Problem"] }) {
  return (
    <>
      <Text size="sm">{problem.message}</Text>
      {problem.hint && (
        <Text size="xs" c="dimmed">
          {problem.hint}
        </Text>
      )}
      {problem.code && <Code>{problem.code}</Code>}
    </>
  );
}

function Changed({ event }: { event: Of<"change"> }) {
  const told = event.after?.reason ?? event.before?.reason;
  const reason = typeof told === "string" ? told : null;
  return (
    <>
      <By actor={event.actor} more={reason} />
      <Fields
        changes={changedFields(event).map(({ path, original, theirs }) => ({ path, before: original, after: theirs }))}
      />
    </>
  );
}

function Requested({ event }: { event: Of<"request"> }) {
  return (
    <>
      <By actor={event.requested_by} more={event.reason} />
      {event.waits_for && (
        <Text size="sm" c="dimmed">
          <WaitsFor delivery={event} />
        </Text>
      )}
    </>
  );
}

function DeliveredFile({ event }: { event: Of<"delivered"> }) {
  if (!event.filename) return null;
  return (
    <Anchor
      component="button"
      type="button"
      size="sm"
      className="mono cut"
      title={event.dropzone_path ?? event.filename}
      onClick={() => downloadDocument(event.export_id, event.filename)}
    >
      {event.dropzone_path ?? event.filename}
    </Anchor>
  );
}

function Receipt({ event }: { event: Of<"receipt"> }) {
  return (
    <>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        <Trans>It says: {event.says}</Trans>
      </Text>
      <Anchor
        component="button"
        type="button"
        size="sm"
        title={t`As it came, with its signature`}
        onClick={() => downloadProof(event.export_id, event.proof_id)}
      >
        <Trans>Download the receipt</Trans>
      </Anchor>
    </>
  );
}
