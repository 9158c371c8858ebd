import type { Schemas } from "../api/client";

/** Answers of the ERP that could not be read: those of orders, and those that belong to none. */
export function unreadOf(error: Schemas["Problem"] | null): { unreadable: number; unmatched: number } {
  const { unreadable, unmatched } = error?.code === "ACKS_UNREADABLE" ? (error.details ?? {}) : {};
  return { unreadable: Number(unreadable ?? 0), unmatched: Number(unmatched ?? 0) };
}
