import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import type { Options } from "./DeliveryOptions";
import { MASK, type Config } from "./form/schema";

export type Settings = Options & { config: Config };

/** What the form of a connector sets. */
export function settingsOf(connector: Schemas["Connector"]): Settings {
  const { name, in_doubt, change_by_recall, commit_within, give_up_after, orders_per_minute, config } = connector;
  const { answer_within, received_within, understood_within } = connector;
  const within = { answer_within, received_within, understood_within };
  const options = { name, in_doubt, change_by_recall, commit_within, give_up_after, ...within, orders_per_minute };
  return { ...options, config: config ?? {} };
}

/** The same for another connection like it: its secrets are its own, so they are entered anew. */
export function duplicateOf(connector: Schemas["Connector"], called: string): Settings {
  const settings = settingsOf(connector);
  const config = Object.fromEntries(Object.entries(settings.config).filter(([, value]) => !hidden(value)));
  return { ...settings, config, name: t`Copy of ${called}` };
}

function hidden(value: unknown): boolean {
  return value === MASK || (Array.isArray(value) && value.includes(MASK));
}
