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
  OPEN: ["yellow", "Out of reach; delivery resumes by itself"],
  PAUSED: ["red", "A person must act, then test it"],
};

export function StatusBadge({ status, label }: { status: string; label?: string }) {
  const [color, meaning] = (ORDER as typeof OTHER)[status] ?? OTHER[status] ?? ["gray", status];
  return (
    <Tooltip label={meaning}>
      <Badge variant="light" color={color} radius="sm" data-status={status}>
        {label ?? status.replace("_", " ")}
      </Badge>
    </Tooltip>
  );
}

const WAITS: Record<NonNullable<Schemas["Export"]["waits_for"]>, string> = {
  ATTEMPT: "An attempt is under way",
  WORKER: "Due now",
  RETRY_TIME: "Next attempt",
  TARGET: "The ERP is out of reach; delivery resumes by itself",
  ATTENTION: "The connector must be mended, then tested",
  CONNECTOR_DISABLED: "The connector is disabled",
  DELIVERIES_PAUSED: "All deliveries are paused",
  DECISION: "In doubt: look into the ERP and decide",
};

export function waitsFor(reason: Schemas["Export"]["waits_for"]): string {
  return reason ? WAITS[reason] : "";
}
