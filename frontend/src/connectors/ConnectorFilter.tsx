import { t } from "@lingui/core/macro";
import { Select } from "@mantine/core";
import { useConnectors } from "../api/queries";
import type { Filters } from "../shared/useFilters";
import { connectorName } from "./connectorName";

/** Narrows a list to one connector, where there are several. */
export function ConnectorFilter({ filters }: { filters: Filters }) {
  const connectors = useConnectors().data ?? [];
  const chosen = filters.one("connection_id") ?? null;
  if (connectors.length < 2 && !chosen) return null;
  return (
    <Select
      label={t`Connector`}
      placeholder={t`Any`}
      clearable
      value={chosen}
      w={150}
      data={connectors.map((each) => ({ value: each.id, label: connectorName(each) }))}
      onChange={(connection_id) => filters.set({ connection_id })}
      clearButtonProps={{ "aria-label": t`Clear the connector` }}
    />
  );
}
