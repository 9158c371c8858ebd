import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

type Job = Pick<Schemas["BulkJob"], "action" | "connection_name">;

const DOES: Record<Schemas["BulkAction"], string> = {
  approve: t`Approve`,
  reject: t`Reject`,
  push: t`Push`,
  retry: t`Retry`,
  hold: t`Put on hold`,
  release: t`Release`,
  withdraw: t`Withdraw`,
  move: t`Move`,
  reroute: t`Re-route`,
  accept_differences: t`Accept differences`,
  recall: t`Recall`,
  confirm: t`Confirm by hand`,
};

export const OUTCOMES: Record<Schemas["BulkOutcome"], [color: string, meaning: string]> = {
  DONE: ["green", t`It was done`],
  WAITING: ["yellow", t`It waits for a route, and goes out once there is one`],
  REFUSED: ["red", t`Its state forbids it; nothing was changed`],
};

/** What a job does to each of its orders, and where to. */
export function jobText({ action, connection_name }: Job): string {
  return connection_name ? t`${DOES[action]} to ${connection_name}` : DOES[action];
}

/** How much of a job is through, in per cent. */
export function through({ total, left }: Pick<Schemas["BulkJob"], "total" | "left">): number {
  return total ? Math.floor((100 * (total - left)) / total) : 100;
}
