export const ROLES = [
  { value: "ADMIN", label: "Administrator" },
  { value: "INTEGRATOR", label: "Integrator" },
  { value: "OPS", label: "Operator" },
  { value: "VIEWER", label: "Viewer" },
];
