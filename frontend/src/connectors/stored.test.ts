import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { duplicateOf } from "./stored";

test("a copy has everything but the secrets and the name", () => {
  const connector = {
    name: "ERP",
    in_doubt: "resend",
    orders_per_minute: 6,
    config: { host: "erp.example", password: "********", own_keys: ["********"], columns: [{ name: "A" }] },
  } as unknown as Schemas["Connector"];
  const copy = duplicateOf(connector, "ERP");
  expect(copy.name).toBe("Copy of ERP");
  expect(copy.config).toEqual({ host: "erp.example", columns: [{ name: "A" }] });
  expect([copy.in_doubt, copy.orders_per_minute]).toEqual(["resend", 6]);
});
