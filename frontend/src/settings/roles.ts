import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

type Role = Schemas["Role"];

const LABELS: Record<Role, string> = {
  ADMIN: t`Administrator`,
  INTEGRATOR: t`Integrator`,
  OPS: t`Operator`,
  VIEWER: t`Viewer`,
};

export const ROLES = Object.entries(LABELS).map(([value, label]) => ({ value: value as Role, label }));

export type Scope = NonNullable<Schemas["KeyView"]["scopes"]>[number];

const SCOPE_LABELS: Record<Scope, string> = {
  READ: t`reading`,
  OWN_ACCOUNT: t`its own account`,
  ORDERS_IMPORT: t`bringing in orders`,
  ORDERS_EDIT: t`editing orders`,
  ORDERS_APPROVE: t`approving orders`,
  ORDERS_PUSH: t`deliveries`,
  NEEDS_MARK: t`notes on what needs somebody`,
  HOLDS_RELEASE: t`releasing holds of others`,
  CONNECTORS_EDIT: t`connectors`,
  CONNECTORS_TEST: t`tests of connectors`,
  DELIVERIES_PAUSE: t`pausing deliveries`,
  AUDIT_READ: t`the activity`,
  DATA_ERASE: t`erasing personal data`,
  USERS_MANAGE: t`users`,
  KEYS_MANAGE: t`API keys`,
  WEBHOOKS_MANAGE: t`webhooks`,
  ORG_MANAGE: t`the organization`,
};

export const SCOPES = Object.entries(SCOPE_LABELS).map(([value, label]) => ({ value, label }));

export function scopeLabel(scope: Scope): string {
  return SCOPE_LABELS[scope];
}
