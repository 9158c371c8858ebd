import { Badge, Tooltip } from "@mantine/core";
import type { Schemas } from "../api/client";

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
};

const OTHER: Record<string, [color: string, meaning: string]> = {
  PENDING: ["violet", "Still to be delivered"],
  SENT: ["cyan", "At the ERP; its answer is awaited"],
  ACKED: ["green", "The ERP has confirmed it"],
  FAILED: ["red", "It did not arrive, or the ERP refused it"],
  SUCCESS: ["green", "Delivered"],
  RETRYING: ["yellow", "Failed; another attempt follows"],
  ACTIVE: ["green", "Delivers"],
  DISABLED: ["gray", "Does not deliver; its orders wait"],
  CLOSED: ["green", "Healthy"],
  OPEN: ["yellow", "The ERP is away and looked for"],
  PAUSED: ["red", "A person must act, then test it"],
};

export function StatusBadge({ status, label }: { status: string; label?: string }) {
  const [color, meaning] = (ORDER as typeof OTHER)[status] ?? OTHER[status] ?? ["gray", status];
  return (
    <Tooltip label={meaning}>
      <Badge variant="light" color={color} radius="sm" data-status={status}>{label ?? status.replace("_", " ")}</Badge>
    </Tooltip>
  );
}

export function orderColor(status: Schemas["OrderStatus"]): string {
  return ORDER[status][0];
}

const WAITS: Record<NonNullable<Schemas["Export"]["waits_for"]>, string> = {
  ATTEMPT: "an attempt is under way",
  WORKER: "due now",
  RETRY_TIME: "next attempt",
  TARGET: "the ERP is away; it is looked for",
  ATTENTION: "the connector must be mended, then tested",
  CONNECTOR_DISABLED: "the connector is disabled",
  DELIVERIES_PAUSED: "all deliveries are paused",
  DECISION: "in doubt: somebody must look into the ERP and decide",
};

export function waitsFor(reason: Schemas["Export"]["waits_for"]): string {
  return reason ? WAITS[reason] : "";
}
