import { dayOf } from "../shared/useFilters";

export type By = "connection" | "route" | "customer" | "reason";

const FILTERS: Record<By, [page: string, filter: string]> = {
  connection: ["/deliveries", "connection_id"],
  route: ["/deliveries", "route"],
  customer: ["/orders", "q"],
  reason: ["/deliveries", "error_code"],
};

interface Key {
  by: By;
  key: string | null;
}

/** Where the deliveries or orders behind a number are listed, of those of a key where that list knows it; nowhere for those without a name. */
export function behind(by: By, key: string | null, since: string, of?: Key): string | null {
  if (key === null) return null;
  const [page, filter] = FILTERS[by];
  const within = of && of.key !== null && FILTERS[of.by][0] === page ? { [FILTERS[of.by][1]]: of.key } : {};
  return `${page}?${new URLSearchParams({ [filter]: key, ...within, since: dayOf(new Date(since)) })}`;
}

/** What of the API narrows to a key; empty: to those without. */
export function narrowed(by: By, key: string | null): Record<string, string> {
  return { [by === "connection" ? "connection_id" : by]: key ?? "" };
}
