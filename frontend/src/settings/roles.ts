import type { Schemas } from "../api/client";

type Role = Schemas["Role"];

const LABELS: Record<Role, string> = {
  ADMIN: "Administrator",
  INTEGRATOR: "Integrator",
  OPS: "Operator",
  VIEWER: "Viewer",
};

export const ROLES = Object.entries(LABELS).map(([value, label]) => ({ value: value as Role, label }));

export type Scope = NonNullable<Schemas["KeyView"]["scopes"]>[number];

const SCOPE_LABELS: Record<Scope, string> = {
  READ: "reading",
  OWN_ACCOUNT: "its own account",
  ORDERS_IMPORT: "bringing in orders",
  ORDERS_EDIT: "editing orders",
  ORDERS_APPROVE: "approving orders",
  ORDERS_PUSH: "deliveries",
  NEEDS_MARK: "notes on what needs somebody",
  HOLDS_RELEASE: "releasing holds of others",
  CONNECTORS_EDIT: "connectors",
  CONNECTORS_TEST: "tests of connectors",
  DELIVERIES_PAUSE: "pausing deliveries",
  AUDIT_READ: "the audit log",
  DATA_ERASE: "erasing personal data",
  USERS_MANAGE: "users",
  KEYS_MANAGE: "API keys",
  WEBHOOKS_MANAGE: "webhooks",
  ORG_MANAGE: "the organization",
};

export const SCOPES = Object.entries(SCOPE_LABELS).map(([value, label]) => ({ value, label }));

export function scopeLabel(scope: Scope): string {
  return SCOPE_LABELS[scope];
}
