/** The list that was looked at last, in this tab: where it is, and its orders, so that one can go on from one to the next. */
export interface Trail {
  address: string;
  ids: string[];
}

const KEY = "orderflow.list";

export function leaveTrail(trail: Trail): void {
  sessionStorage.setItem(KEY, JSON.stringify(trail));
}

export function trail(): Trail {
  const kept = sessionStorage.getItem(KEY);
  return kept ? (JSON.parse(kept) as Trail) : { address: "/orders", ids: [] };
}

/** The orders before and after one in a list; none at its ends, or where it is not in it. */
export function neighbours(ids: string[], id: string): { before?: string; after?: string } {
  const at = ids.indexOf(id);
  return at < 0 ? {} : { before: ids[at - 1], after: ids[at + 1] };
}
