import type { Schemas } from "../api/client";
import { count, plural } from "../shared/format";

export type Need = Schemas["Need"];
type Kind = Need["kind"];

/** So many orders are counted for a group; there may be more. */
const MOST_COUNTED = 10_000;

function orders({ orders: found }: Need, verb: { one: string; many: string }): string {
  const some = found >= MOST_COUNTED ? `${count(found)} orders or more` : plural(found, "order");
  return `${some} ${found === 1 ? verb.one : verb.many}`;
}

const TITLES: Record<Kind, (need: Need) => string> = {
  IN_DOUBT: (need) => `${orders(need, { one: "is", many: "are" })} in doubt at ${need.connection_name}`,
  CONNECTOR: (need) => `${need.connection_name} needs somebody`,
  FAILED: (need) => orders(need, { one: "failed", many: "failed" }),
  UNREADABLE: (need) => `The answer of ${need.connection_name} to ${plural(need.orders, "order")} cannot be read`,
  OVERDUE: (need) => `${need.connection_name} owes an answer to ${plural(need.orders, "order")}`,
  DIFFERS: (need) => `${orders(need, { one: "was", many: "were" })} confirmed otherwise than ordered`,
  RECALLING: (need) => `${orders(need, { one: "is", many: "are" })} asked back from the ERP`,
  NO_ROUTE: (need) => `${orders(need, { one: "waits", many: "wait" })} for a route`,
  NEEDS_REVIEW: (need) => `${orders(need, { one: "lacks", many: "lack" })} something`,
  READY: (need) => `${orders(need, { one: "waits", many: "wait" })} for approval`,
};

/** What a group is, in one line. */
export function needTitle(need: Need): string {
  return TITLES[need.kind](need);
}

const COLORS: Record<Kind, string> = {
  IN_DOUBT: "red",
  CONNECTOR: "red",
  FAILED: "red",
  UNREADABLE: "orange",
  OVERDUE: "orange",
  DIFFERS: "yellow",
  RECALLING: "yellow",
  NO_ROUTE: "yellow",
  NEEDS_REVIEW: "yellow",
  READY: "blue",
};

/** How urgent it is, as a colour. */
export function needColor({ kind }: Need): string {
  return COLORS[kind];
}

/** The list that holds just these. */
export function needLink({ kind, code, connection_id }: Need): string {
  const at = connection_id ? `&connection_id=${connection_id}` : "";
  const links: Record<Kind, string> = {
    IN_DOUBT: `/deliveries?view=doubt${at}`,
    CONNECTOR: "/connectors",
    FAILED: `/orders?status=ERROR${code ? `&error_code=${encodeURIComponent(code)}` : ""}`,
    UNREADABLE: `/orders?unreadable_answer=true${at}`,
    OVERDUE: `/deliveries?view=overdue${at}`,
    DIFFERS: "/orders?differs=true",
    RECALLING: "/orders?status=RECALLING",
    NO_ROUTE: "/orders?waits_for=NO_ROUTE&waits_for=ROUTED_TO_NOBODY",
    NEEDS_REVIEW: "/orders?status=NEEDS_REVIEW",
    READY: "/orders?status=READY",
  };
  return links[kind];
}

/** The causes within a group, the most frequent first; how many orders each has where there are several. */
export function needCauses({ texts, causes }: Need): string[] {
  const told = texts.map(({ message, orders: found }) => {
    const text = message ?? "No reason was given.";
    return texts.length > 1 && found > 0 ? `${text} (${count(found)})` : text;
  });
  const more = causes - texts.length;
  return more > 0 ? [...told, `and ${plural(more, "other cause")}`] : told;
}

/** Whether something came to a group since one looked last. */
export function isNew({ latest_at }: Need, since: string | null | undefined): boolean {
  return Boolean(since && latest_at && new Date(latest_at) > new Date(since));
}

const MORNING = 8;

/** When to be told again: choices for putting something off, from now on. */
export function putOffChoices(now: Date): { label: string; until: Date }[] {
  const morning = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING);
  const toMonday = (8 - now.getDay()) % 7 || 7;
  return [
    { label: "Put off for an hour", until: new Date(now.getTime() + 3_600_000) },
    { label: "Put off until tomorrow", until: morning(1) },
    ...(toMonday > 1 ? [{ label: "Put off until Monday", until: morning(toMonday) }] : []),
  ];
}
