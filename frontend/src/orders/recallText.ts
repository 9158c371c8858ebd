import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

type Outlook = Schemas["RecallOutlook"];

/** What would become of some orders that are recalled, behind their number. */
export function recallText({ way, connection_name, connector_type, error }: Outlook): string {
  const erp = connection_name ?? connector_type ?? t`its connector`;
  if (way === "withdrawn") return t`are taken back for sure: nothing of them was sent`;
  if (way === "taken_back") return t`are taken back from ${erp}, unless it took their files before`;
  if (way === "asked") return t`are asked for at ${erp}, which decides`;
  return t`are not recalled: ${error?.message ?? t`their state forbids it`} ${error?.hint ?? ""}`.trim();
}
