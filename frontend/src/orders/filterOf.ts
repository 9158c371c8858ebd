import type { OrderQuery } from "../api/queries";

/** What a bulk job asks for where a list is shown: every filter of the list but its page, and its states, of which an
 * action has its own. */
export function filterOf(wanted: OrderQuery): Omit<OrderQuery, "status" | "sort" | "limit" | "cursor"> {
  const filter = { ...wanted };
  delete filter.status;
  delete filter.sort;
  delete filter.limit;
  delete filter.cursor;
  return filter;
}
