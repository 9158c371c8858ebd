import type { Schemas } from "../api/client";

type Order = Pick<Schemas["OrderSummary"], "status" | "actions">;
type Delivery = Pick<Schemas["Export"], "waits_for" | "error">;

/** Tells whether nobody knows if the ERP has it: it is asked, or a person decides. */
export function isInDoubt({ status, actions }: Order, { waits_for, error }: Delivery): boolean {
  if (actions.includes("resolve_delivered")) return true;
  return (
    status === "PUSHING" && (waits_for === "DECISION" || (waits_for === "RETRY_TIME" && error?.code === "IN_DOUBT"))
  );
}
