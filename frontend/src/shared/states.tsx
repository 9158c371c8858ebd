import { Badge, Tooltip } from "@mantine/core";
import type { Schemas } from "../api/client";
import { phrase } from "./format";

const ORDER: Record<Schemas["OrderStatus"], [color: string, meaning: string]> = {
  NEW: ["gray", "Just arrived"],
  NEEDS_REVIEW: ["yellow", "Something is missing"],
  READY: ["blue", "Complete; waits for approval"],
  APPROVED: ["indigo", "Approved; may be pushed"],
  PUSHING: ["violet", "On its way to the ERP"],
  PUSHED: ["cyan", "At the ERP; its answer is awaited"],
  CONFIRMED: ["green", "The ERP has confirmed it"],
  ERROR: ["red", "It did not arrive, or the ERP refused it"],
  REJECTED: ["gray", "Rejected by a person"],
  RECALLING: ["orange", "The ERP is asked to give it back; its answer is awaited"],
  RECALLED: ["gray", "The ERP gave it back; it may be entered anew"],
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
  PENDING: ["violet", "It has begun and not ended", "Under way"],
  SUCCESS: ["green", "The document is at the ERP", "Delivered"],
  RETRYING: ["yellow", "It failed; another attempt follows", "Failed, tried again"],
  FAILED: ["red", "It failed; no other attempt follows", "Failed"],
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
  const [color, meaning] = ["red", "The ERP keeps the order, or nobody asks for it any more"];
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
  ATTEMPT: "An attempt is under way",
  WORKER: "Due now",
  HOLD: "On hold, until it is released",
  RETRY_TIME: "Next attempt",
  ORDERS_PER_MINUTE: "The connector takes no more orders until",
  NOT_BEFORE: "Is not to go out before",
  OPENING_HOURS: "The connector is closed (opening hours) until",
  TARGET: "The ERP is out of reach; delivery resumes by itself",
  TARGET_RESTS: "The ERP is busy; nothing is sent to it until",
  ATTENTION: "The connector must be mended, then tested",
  CONNECTOR_DISABLED: "The connector is disabled",
  DELIVERIES_PAUSED: "All deliveries are paused",
  DECISION: "In doubt: look into the ERP and decide",
};

const ROUTE = { NO_ROUTE: "No route", ROUTED_TO_NOBODY: "Routed to nobody" };

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
