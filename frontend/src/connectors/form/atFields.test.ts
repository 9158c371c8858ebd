import { expect, test } from "vitest";
import { atFields, isSame, placed } from "./atFields";

const SCHEMA = { type: "object", properties: { token_url: { type: "string", title: "Token URL" } } } as const;

test("what the API says of a field stands where the form looks for it, in the form's words", () => {
  const faults = [
    { field: "config.host", message: "is needed" },
    { field: "columns.1.field", message: "line has no field 'qty2'" },
    { field: "auth", message: "oauth2 needs token_url" },
  ];
  expect(atFields(faults, SCHEMA)).toEqual({
    host: { __errors: ["is needed"] },
    columns: { 1: { field: { __errors: ["line has no field 'qty2'"] } } },
    auth: { __errors: ["oauth2 needs “Token URL”"] },
  });
});

test("a list and an entry of it may both be wrong", () => {
  const faults = [
    { field: "columns", message: "too many" },
    { field: "columns.0.name", message: "twice" },
  ];
  expect(atFields(faults, SCHEMA)).toEqual({
    columns: { __errors: ["too many"], 0: { name: { __errors: ["twice"] } } },
  });
});

test("what is told of the whole stands at the settings that it names", () => {
  const schema = { properties: { token_url: {}, client_id: {}, auth: {} } } as unknown as Parameters<typeof placed>[1];
  const message = "auth oauth2 needs token_url and client_id";
  expect(placed([{ field: "config", message }], schema).map(({ field }) => field)).toEqual(["token_url", "client_id"]);
  expect(placed([{ field: "config", message: "is no object" }], schema)).toHaveLength(1);
  expect(placed([{ field: "config.auth", message: "token_url" }], schema)[0]?.field).toBe("config.auth");
});

test("a setting says the same until it is changed, wherever it stands", () => {
  const refused = { host: "", columns: [{ field: "line.qty2" }] };
  expect(isSame("config.host", { ...refused, port: 22 }, refused)).toBe(true);
  expect(isSame("host", { ...refused, host: "erp.example" }, refused)).toBe(false);
  expect(isSame("columns.0.field", { ...refused, columns: [{ field: "line.qty" }] }, refused)).toBe(false);
  expect(isSame("columns.1.field", { ...refused, host: "erp.example" }, refused)).toBe(true);
  expect(isSame("config", { ...refused, host: "erp.example" }, refused)).toBe(false);
});
