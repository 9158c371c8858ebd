import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

type Connector = Pick<Schemas["Connector"], "name" | "display_name" | "is_default">;

/** What people call a connector. */
export function connectorName({ name, display_name }: Connector): string {
  return name ?? display_name;
}

/** The same where one is to be chosen: which one is taken unless another is named. */
export function choiceName(connector: Connector): string {
  return `${connectorName(connector)}${connector.is_default ? t` (default)` : ""}`;
}
