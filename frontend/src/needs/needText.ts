import { plural, t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import { count, plainDay } from "../shared/format";

export type Need = Schemas["Need"];
type Kind = Need["kind"];

/** So many orders are counted for a group; there may be more. */
const MOST_COUNTED = 10_000;

const MANY = count(MOST_COUNTED);
const counted = ({ orders }: Need) => orders < MOST_COUNTED;
const at = ({ connection_name }: Need) => connection_name ?? t`a connector that is gone`;

/** By kind: of so many orders, and of more than were counted. */
const TITLES: Record<Kind, (need: Need) => [string, string]> = {
  IN_DOUBT: (need) => [
    plural(need.orders, { one: `# order is in doubt at ${at(need)}`, other: `# orders are in doubt at ${at(need)}` }),
    t`${MANY} orders or more are in doubt at ${at(need)}`,
  ],
  CONNECTOR: (need) => [t`${at(need)} needs somebody`, t`${at(need)} needs somebody`],
  FAILED: ({ orders }) => [
    plural(orders, { one: "# order failed", other: "# orders failed" }),
    t`${MANY} orders or more failed`,
  ],
  UNREADABLE: (need) => [
    plural(need.orders, {
      one: `The answer of ${at(need)} to # order cannot be read`,
      other: `The answer of ${at(need)} to # orders cannot be read`,
    }),
    t`The answer of ${at(need)} to ${MANY} orders or more cannot be read`,
  ],
  OVERDUE: (need) => [
    plural(need.orders, {
      one: `${at(need)} owes an answer to # order`,
      other: `${at(need)} owes an answer to # orders`,
    }),
    t`${at(need)} owes an answer to ${MANY} orders or more`,
  ],
  DIFFERS: ({ orders }) => [
    plural(orders, {
      one: "# order was confirmed otherwise than ordered",
      other: "# orders were confirmed otherwise than ordered",
    }),
    t`${MANY} orders or more were confirmed otherwise than ordered`,
  ],
  RECALLING: ({ orders }) => [
    plural(orders, { one: "# order is asked back from the ERP", other: "# orders are asked back from the ERP" }),
    t`${MANY} orders or more are asked back from the ERP`,
  ],
  NO_ROUTE: ({ orders }) => [
    plural(orders, { one: "# order waits for a route", other: "# orders wait for a route" }),
    t`${MANY} orders or more wait for a route`,
  ],
  NEEDS_REVIEW: ({ orders }) => [
    plural(orders, { one: "# order lacks something", other: "# orders lack something" }),
    t`${MANY} orders or more lack something`,
  ],
  READY: ({ orders }) => [
    plural(orders, { one: "# order waits for approval", other: "# orders wait for approval" }),
    t`${MANY} orders or more wait for approval`,
  ],
};

/** What a group is, in one line. */
export function needTitle(need: Need): string {
  const [few, many] = TITLES[need.kind](need);
  return counted(need) ? few : many;
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
    CONNECTOR: `/connectors#${connection_id ?? ""}`,
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
    const text = message === null ? t`No reason was given.` : inOwnWords(message);
    return texts.length > 1 && found > 0 ? `${text} (${count(found)})` : text;
  });
  const more = causes - texts.length;
  return more > 0 ? [...told, t`and ${plural(more, { one: "# other cause", other: "# other causes" })}`] : told;
}

/** What the API itself says of a connector, in the reader's language; what an ERP says stays as it is. */
function inOwnWords(message: string): string {
  const ends = /^Its certificate ends on (\d{4}-\d{2}-\d{2})\.$/.exec(message)?.[1];
  return ends ? t`Its certificate ends on ${plainDay(ends)}.` : message;
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
    { label: t`Put off for an hour`, until: new Date(now.getTime() + 3_600_000) },
    { label: t`Put off until tomorrow`, until: morning(1) },
    ...(toMonday > 1 ? [{ label: t`Put off until Monday`, until: morning(toMonday) }] : []),
  ];
}
