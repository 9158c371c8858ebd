import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

type Connector = Pick<Schemas["Connector"], "status" | "last_test_at"> & {
  config_readable?: boolean;
  delivered_at?: string | null;
  health: Pick<Schemas["Health"], "state" | "proof" | "rests_until"> & {
    closed?: boolean;
    opens_at?: string | null;
    poll_error?: { code?: string | null } | null;
  };
};

export type HealthState =
  "Disabled" | "Needs you" | "Out of reach" | "Resting" | "Closed" | "Test failed" | "Untested" | "Healthy";

export const COLORS: Record<HealthState, string> = {
  Disabled: "gray",
  "Needs you": "red",
  "Out of reach": "yellow",
  Resting: "yellow",
  Closed: "gray",
  "Test failed": "red",
  Untested: "gray",
  Healthy: "green",
};

export const HEALTH_WORDS: Record<HealthState, string> = {
  Disabled: t`Disabled`,
  "Needs you": t`Needs you`,
  "Out of reach": t`Out of reach`,
  Resting: t`Resting`,
  Closed: t`Closed`,
  "Test failed": t`Test failed`,
  Untested: t`Untested`,
  Healthy: t`Healthy`,
};

export interface ShownHealth {
  state: HealthState;
  /** What that rests on, and when. */
  because?: { what: string; at: string | null | undefined };
}

/** Answers that are no answers are the orders' trouble; that none can be fetched is the connector's. */
const UNREADABLE = "ACKS_UNREADABLE";

/** How a connector does; healthy is only what something has proved. */
export function healthOf(connector: Connector): ShownHealth {
  const { health, status } = connector;
  if (status === "DISABLED") return { state: "Disabled" };
  if (health.state === "PAUSED" || connector.config_readable === false) return { state: "Needs you" };
  if (health.state === "OPEN") return { state: "Out of reach" };
  if (health.poll_error && health.poll_error.code !== UNREADABLE) return { state: "Needs you" };
  if (health.closed) return { state: "Closed", because: { what: t`opens`, at: health.opens_at } };
  if (health.rests_until)
    return { state: "Resting", because: { what: t`the ERP is busy, goes on`, at: health.rests_until } };
  return proven(connector);
}

function proven({ health, delivered_at, last_test_at }: Connector): ShownHealth {
  switch (health.proof) {
    case "UNTESTED":
      return { state: "Untested" };
    case "TEST_FAILED":
      return { state: "Test failed" };
    case "TESTED":
      return { state: "Healthy", because: { what: t`test passed`, at: last_test_at } };
    case "DELIVERED":
      return { state: "Healthy", because: { what: t`first delivered`, at: delivered_at } };
  }
}
