import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

type Destination = Schemas["Destination"];

type Connector = Pick<Schemas["Connector"], "id" | "is_default">;

/** Which connector is offered first; undefined if there is none, or several of which nobody chose one. */
export function firstChoice(connectors: Connector[], preferred: string | undefined): string | undefined {
  const ranked = [connectors.find(({ id }) => id === preferred), connectors.find(({ is_default }) => is_default)];
  return (ranked.find(Boolean) ?? (connectors.length === 1 ? connectors[0] : undefined))?.id;
}

/** Tells whether a person has a choice: several connectors, and orders that are not bound to one. */
export function asksWhere(destinations: Destination[], connectors: number): boolean {
  return connectors > 1 && destinations.some(({ bound }) => !bound);
}

/** Where some orders go, or why they stay, behind their number. */
export function destinationText({ connection_name, connector_type, bound, stays }: Destination): string {
  const name = connection_name ?? connector_type;
  if (stays) return t`stay: they may have arrived at ${name}, and can go only there, while it is ACTIVE`;
  return bound ? t`to ${name}, where they may have arrived: they can go nowhere else` : t`to ${name}`;
}
