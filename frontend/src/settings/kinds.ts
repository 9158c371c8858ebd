import type { Schemas } from "../api/client";

type Kind = Schemas["Webhook"]["kinds"][number];

/** What each kind is, so that one that the API adds is missed here by the compiler. */
const KNOWN: Record<Kind, true> = {
  "order.created": true,
  "order.needs_review": true,
  "order.ready": true,
  "order.approved": true,
  "order.rejected": true,
  "order.requested": true,
  "order.withdrawn": true,
  "order.pushed": true,
  "order.in_doubt": true,
  "order.confirmed": true,
  "order.changed": true,
  "order.refused": true,
  "order.failed": true,
  "order.held": true,
  "order.released": true,
  "order.recalling": true,
  "order.recalled": true,
  "order.kept": true,
  "connection.troubled": true,
  "connection.recovered": true,
  "connection.enabled": true,
  "connection.disabled": true,
};

/** All kinds of events, in the order in which they happen. */
export const KINDS = Object.keys(KNOWN) as Kind[];
