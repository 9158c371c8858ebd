import { t } from "@lingui/core/macro";
import { Badge, Tooltip } from "@mantine/core";
import type { Schemas } from "../api/client";
import { phrase } from "./format";

const ORDER: Record<Schemas["OrderStatus"], [color: string, meaning: string]> = {
  NEW: ["gray", t`Just arrived`],
  NEEDS_REVIEW: ["yellow", t`Something is missing`],
  READY: ["blue", t`Complete; waits for approval`],
  APPROVED: ["indigo", t`Approved; may be pushed`],
  PUSHING: ["violet", t`On its way to the ERP`],
  PUSHED: ["cyan", t`At the ERP; its answer is awaited`],
  CONFIRMED: ["green", t`The ERP has confirmed it`],
  ERROR: ["red", t`It did not arrive, or the ERP refused it`],
  REJECTED: ["gray", t`Rejected by a person`],
  RECALLING: ["orange", t`The ERP is asked to give it back; its answer is awaited`],
  RECALLED: ["gray", t`The ERP gave it back; it may be entered anew`],
};

/** In the order in which one follows on the other. */
export const ORDER_STATES = Object.keys(ORDER) as Schemas["OrderStatus"][];

/** A delivery is in the state of its order while it is the latest one; so one word does for both. */
const DELIVERY: Record<Schemas["ERPExportStatus"], Schemas["OrderStatus"]> = {
  PENDING: "PUSHING",
  SENT: "PUSHED",
  ACKED: "CONFIRMED",
  FAILED: "ERROR",
};

const ATTEMPT: Record<Schemas["AttemptStatus"], [color: string, meaning: string, word: string]> = {
  PENDING: ["violet", t`It has begun and not ended`, t`Under way`],
  SUCCESS: ["green", t`The document is at the ERP`, t`Delivered`],
  RETRYING: ["yellow", t`It failed; another attempt follows`, t`Failed, tried again`],
  FAILED: ["red", t`It failed; no other attempt follows`, t`Failed`],
};

export function OrderBadge({ status }: { status: Schemas["OrderStatus"] }) {
  const [color, meaning] = ORDER[status];
  return <StateBadge color={color} meaning={meaning} word={status.replace("_", " ")} />;
}

/** A recall that was refused changes nothing, and is shown as what it is. */
const RECALL: Record<Schemas["ERPExportStatus"], Schemas["OrderStatus"]> = {
  PENDING: "RECALLING",
  SENT: "RECALLING",
  ACKED: "RECALLED",
  FAILED: "ERROR",
};

export function DeliveryBadge({ status, kind }: Pick<Schemas["Export"], "status" | "kind">) {
  const [color, meaning] = ["red", t`The ERP keeps the order, or nobody asks for it any more`];
  if (kind === "recall" && status === "FAILED")
    return <StateBadge color={color} meaning={meaning} word="RECALL ENDED" />;
  return <OrderBadge status={(kind === "recall" ? RECALL : DELIVERY)[status]} />;
}

export function AttemptBadge({ status }: { status: Schemas["AttemptStatus"] }) {
  const [color, meaning, word] = ATTEMPT[status];
  return <StateBadge color={color} meaning={meaning} word={word} />;
}

export function StateBadge({ color, meaning, word }: { color: string; meaning: string; word: string }) {
  return (
    <Tooltip label={meaning}>
      <Badge variant="light" color={color} radius="sm">
        {word}
      </Badge>
    </Tooltip>
  );
}

const WAITS: Record<NonNullable<Schemas["Export"]["waits_for"]>, string> = {
  ATTEMPT: t`An attempt is under way`,
  WORKER: t`Due now`,
  HOLD: t`On hold, until it is released`,
  RETRY_TIME: t`Next attempt`,
  ORDERS_PER_MINUTE: t`The connector takes no more orders until`,
  NOT_BEFORE: t`Is not to go out before`,
  OPENING_HOURS: t`The connector is closed (opening hours) until`,
  TARGET: t`The ERP is out of reach; delivery resumes by itself`,
  TARGET_RESTS: t`The ERP is busy; nothing is sent to it until`,
  ATTENTION: t`The connector must be mended, then tested`,
  CONNECTOR_DISABLED: t`The connector is disabled`,
  DELIVERIES_PAUSED: t`All deliveries are paused`,
  DECISION: t`In doubt: look into the ERP and decide`,
};

const ROUTE = { NO_ROUTE: t`No route`, ROUTED_TO_NOBODY: t`Routed to nobody` };

/** All that an order may wait for, to choose from. */
export const WAITING = [
  ...Object.entries(ROUTE).map(([value, label]) => ({ value, label })),
  ...Object.keys(WAITS).map((value) => ({ value, label: phrase(value) })),
];

/** What an order waits for, in a few words. */
export function waitingWord(reason: string): string {
  return WAITING.find(({ value }) => value === reason)?.label ?? reason;
}

export function waitsFor(reason: Schemas["Export"]["waits_for"]): string {
  return reason ? WAITS[reason] : "";
}
