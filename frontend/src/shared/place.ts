/** Where one stands in a list that is paged by cursor, as the address says it. */
export interface Place {
  page: number;
  /** Of this page; none for the first. */
  cursor: string | undefined;
  /** Of the pages from the second to this one, as far as they are known: who opened a link knows none. */
  trail: readonly string[];
}

const CURSOR = "after";
const PAGE = "page";

export function placeOf(params: URLSearchParams, trail: readonly string[] = []): Place {
  const cursor = params.get(CURSOR) ?? undefined;
  if (!cursor) return { page: 1, cursor: undefined, trail: [] };
  const page = Math.max(2, Math.trunc(Number(params.get(PAGE))) || 2);
  return { page, cursor, trail: trail.at(-1) === cursor ? trail : [cursor] };
}

export function after({ page, trail }: Place, cursor: string): Place {
  return { page: page + 1, cursor, trail: [...trail, cursor] };
}

/** The page before; the first one if it is not known. */
export function before({ page, trail }: Place): Place {
  const cursor = trail.at(-2);
  if (!cursor) return { page: 1, cursor: undefined, trail: [] };
  return { page: page - 1, cursor, trail: trail.slice(0, -1) };
}

/** The address's parameters with another place in them; without one, at the first page. */
export function placed(params: URLSearchParams, place?: Place): URLSearchParams {
  const there = new URLSearchParams(params);
  there.delete(CURSOR);
  there.delete(PAGE);
  if (!place?.cursor) return there;
  there.set(PAGE, String(place.page));
  there.set(CURSOR, place.cursor);
  return there;
}
