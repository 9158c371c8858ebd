import type { Schemas } from "../api/client";
import { StatusBadge } from "../shared/StatusBadge";

export function HealthBadge({ state }: { state: Schemas["ConnectorHealth"]["health"]["state"] }) {
  return <StatusBadge status={state} label={{ CLOSED: "Healthy", OPEN: "Out of reach", PAUSED: "Needs you" }[state]} />;
}
