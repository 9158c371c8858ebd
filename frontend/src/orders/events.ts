import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import { phrase } from "../shared/format";
import { differences, type Difference } from "../shared/versions/differences";

export type Event = Schemas["Timeline"]["items"][number];
export type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

/** Changes that another event of the timeline tells better. */
const TOLD = new Set([
  "DRAFT_CREATED",
  "DRAFT_PUSHED",
  "DRAFT_PUSH_RETRIED",
  "DRAFT_PUSH_FAILED",
  "EXPORT_ACKED",
  "DRAFT_RECALL_REQUESTED",
]);
const BY_HAND = "DRAFT_CONFIRMED";

/** What is told of an order: each thing once, by the event that says most. */
export function shownEvents(events: Event[]): Event[] {
  const byHand = new Set(
    events.filter((event) => event.kind === "change" && event.action === BY_HAND).map(({ at }) => at),
  );
  return events.filter((event) => {
    if (event.kind === "change") return !TOLD.has(event.action);
    if (event.kind === "revision") return (event.changes ?? []).length > 0; // else "Approved" says it all
    return event.kind !== "answer" || !byHand.has(event.at);
  });
}

/** What the rest of the page calls it, where the action's own name would mislead. */
const TITLES: Record<string, string> = {
  ACK_UNREADABLE: t`The ERP's answer could not be read`,
  DRAFT_CHANGE_CONFIRMED: t`Changed in the ERP, as a person says`,
  DRAFT_CHANGE_DISCARDED: t`Change discarded: it says again what the ERP has`,
  DRAFT_HOLD_PLACED: t`Put on hold`,
  DRAFT_HOLD_RELEASED: t`Hold released`,
  DRAFT_PRIORITIZED: t`Head start in the queue changed`,
  DRAFT_RECALL_CONFIRMED: t`Cancelled in the ERP, as a person says`,
  DRAFT_RECALL_ENDED: t`Recall ended by a person: the ERP keeps it`,
  DRAFT_RECALL_REFUSED: t`The ERP did not give it back`,
  EXPORT_RECEIVED: t`The ERP's side has received it`,
  EXPORT_UNDERSTOOD: t`The ERP's side could read it`,
  EXPORT_UPDATED: t`The ERP said more about its lines`,
};

export function changeTitle({ action, actor, after }: Of<"change">): string {
  if (action === BY_HAND)
    return t`Confirmed by hand by ${actor}: ${String(after?.erp_order_id ?? t`without a number`)}`;
  return TITLES[action] ?? phrase(action.replace(/^(DRAFT|EXPORT)_/, ""));
}

/** What an edit changed: `theirs` is how it is since, `original` how it was. */
export function changedFields({ action, before, after }: Of<"change">): Difference[] {
  if (action !== "DRAFT_EDITED") return [];
  return differences(before ?? {}, after ?? {}, before ?? {}).filter(({ path: [first] }) => first !== "status");
}
