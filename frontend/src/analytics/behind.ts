import { dayOf } from "../shared/useFilters";

export type By = "connection" | "route" | "customer" | "reason";

const FILTERS: Record<By, [page: string, filter: string]> = {
  connection: ["/deliveries", "connection_id"],
  route: ["/deliveries", "route"],
  customer: ["/orders", "q"],
  reason: ["/deliveries", "error_code"],
};

/** Where the deliveries or orders behind a number are listed; nowhere for those without a name. */
export function behind(by: By, key: string | null, since: string): string | null {
  if (key === null) return null;
  const [page, filter] = FILTERS[by];
  return `${page}?${new URLSearchParams({ [filter]: key, since: dayOf(new Date(since)) })}`;
}
