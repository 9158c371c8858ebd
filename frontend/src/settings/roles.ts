import type { Schemas } from "../api/client";

type Role = Schemas["Role"];

const LABELS: Record<Role, string> = {
  ADMIN: "Administrator",
  INTEGRATOR: "Integrator",
  OPS: "Operator",
  VIEWER: "Viewer",
};

export const ROLES = Object.entries(LABELS).map(([value, label]) => ({ value: value as Role, label }));
