import type { Schemas } from "../api/client";
import { plural } from "../shared/format";

type Export = Pick<Schemas["Export"], "id" | "connection_id">;

/** What to ask for, so that all of them wait for `target`: one move for each connector that they wait for now. */
export function movesOf(exports: Export[], target: string): Schemas["MoveBody"][] {
  const sources = new Set(exports.map(({ connection_id }) => connection_id));
  sources.delete(target);
  const waiting = (source: string) => exports.filter(({ connection_id }) => connection_id === source);
  return [...sources].map((source) => ({
    from: source,
    to: target,
    ids: waiting(source).map(({ id }) => id),
    all: false,
  }));
}

export function movedText(moved: number, stayed: number): string {
  const text = `${plural(moved, "delivery", "deliveries")} moved`;
  return stayed ? `${text}; ${stayed} may have arrived already and stay` : text;
}
