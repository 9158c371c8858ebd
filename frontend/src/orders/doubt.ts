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

const shown = new Map<string, [seen: string, later?: string]>();

/**
 * Which doubt about a delivery a person has seen first since the page was loaded: what they say after a look into the
 * ERP is about that one. `anew` once it was perhaps sent again since, which the page would else exchange unnoticed.
 */
export function seenDoubt({ id, perhaps_sent_at: now }: Pick<Schemas["Export"], "id" | "perhaps_sent_at">) {
  const of = shown.get(id);
  if (now && !of) shown.set(id, [now]);
  else if (now && of && of.length === 1 && of[0] !== now) shown.set(id, [of[0], now]);
  const [seen = null, later] = shown.get(id) ?? [];
  return { seen, anew: later !== undefined };
}

/** They have looked once more, since they were told that it was perhaps sent again; not about what came later still. */
export function lookedAnew(id: string): void {
  const later = shown.get(id)?.[1];
  if (later) shown.set(id, [later]);
}
