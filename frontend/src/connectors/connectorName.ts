import type { Schemas } from "../api/client";

/** What people call a connector, and whether it is the one that is taken unless another is named. */
export function connectorName({
  name,
  display_name,
  is_default,
}: Pick<Schemas["Connector"], "name" | "display_name" | "is_default">): string {
  return `${name ?? display_name}${is_default ? " (default)" : ""}`;
}
