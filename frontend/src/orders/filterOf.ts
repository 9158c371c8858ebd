import type { Schemas } from "../api/client";
import type { OrderQuery } from "../api/queries";

/** What a bulk job asks for where a list is shown: all that the list shows, on whichever page, that the action may be for. */
export function filterOf(wanted: OrderQuery): Schemas["OrderFilterBody"] {
  const filter = { ...wanted, only_fit: true };
  delete filter.sort;
  delete filter.limit;
  delete filter.cursor;
  return filter;
}
