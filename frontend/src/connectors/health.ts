import type { Schemas } from "../api/client";

type Connector = Pick<Schemas["Connector"], "status" | "last_test_at"> & {
  config_readable?: boolean;
  health: Pick<Schemas["Health"], "state">;
  test_error?: Schemas["Problem"] | null;
  delivered_at?: string | null;
};

export type HealthState = "Disabled" | "Needs you" | "Out of reach" | "Test failed" | "Untested" | "Healthy";

export const COLORS: Record<HealthState, string> = {
  Disabled: "gray",
  "Needs you": "red",
  "Out of reach": "yellow",
  "Test failed": "red",
  Untested: "gray",
  Healthy: "green",
};

export interface ShownHealth {
  state: HealthState;
  /** What it rests on, and since when. */
  proof?: { what: string; at: string };
}

/** How a connector does; healthy is only what something has proved. */
export function healthOf(connector: Connector): ShownHealth {
  const { health, status } = connector;
  if (status === "DISABLED") return { state: "Disabled" };
  if (health.state === "PAUSED" || connector.config_readable === false) return { state: "Needs you" };
  if (health.state === "OPEN") return { state: "Out of reach" };
  if (connector.test_error) return { state: "Test failed" };
  return proven(connector);
}

/** Tells whether it has passed a test, or delivered, as it is configured now. */
export function isProven(connector: Connector): boolean {
  return !connector.test_error && proven(connector).state === "Healthy";
}

function proven({ delivered_at, last_test_at }: Connector): ShownHealth {
  if (delivered_at) return { state: "Healthy", proof: { what: "last delivery", at: delivered_at } };
  if (last_test_at) return { state: "Healthy", proof: { what: "test passed", at: last_test_at } };
  return { state: "Untested" };
}
