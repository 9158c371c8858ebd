import type { Schemas } from "../api/client";

type Job = Pick<Schemas["BulkJob"], "action" | "connection_name">;

const DOES: Record<Schemas["BulkAction"], string> = {
  approve: "Approve",
  reject: "Reject",
  push: "Push",
  retry: "Retry",
  hold: "Put on hold",
  release: "Release",
  withdraw: "Withdraw",
  move: "Move",
  reroute: "Re-route",
  accept_differences: "Accept differences",
  recall: "Recall",
};

export const OUTCOMES: Record<Schemas["BulkOutcome"], [color: string, meaning: string]> = {
  DONE: ["green", "It was done"],
  WAITING: ["yellow", "It waits for a route, and goes out once there is one"],
  REFUSED: ["red", "Its state forbids it; nothing was changed"],
};

/** What a job does to each of its orders, and where to. */
export function jobText({ action, connection_name }: Job): string {
  return connection_name ? `${DOES[action]} to ${connection_name}` : DOES[action];
}

/** How much of a job is through, in per cent. */
export function through({ total, left }: Pick<Schemas["BulkJob"], "total" | "left">): number {
  return total ? Math.floor((100 * (total - left)) / total) : 100;
}
