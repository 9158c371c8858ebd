import { expect, test } from "vitest";
import { inEffect, filledIn, formSchema, MASK, visible } from "./schema";

const SCHEMA = formSchema({
  type: "object",
  required: ["mode", "host"],
  properties: {
    mode: { type: "string", enum: ["sftp", "filesystem"], default: "sftp" },
    host: { anyOf: [{ type: "string" }, { type: "null" }], default: null, show_when: { mode: ["sftp"] } },
    password: { anyOf: [{ type: "string" }, { type: "null" }], default: null, writeOnly: true },
    export_path: { type: "string" },
  },
} as Parameters<typeof formSchema>[0]);

test("an optional field is shown as what it is when it is there", () => {
  expect(SCHEMA.properties?.host).toEqual({ type: "string", show_when: { mode: ["sftp"] } });
});

test("a field shows when another has the value that it is for, by default too", () => {
  expect(Object.keys(visible(SCHEMA, {}).properties ?? {})).toContain("host");
  const folder = visible(SCHEMA, { mode: "filesystem" });
  expect(Object.keys(folder.properties ?? {})).not.toContain("host");
  expect(folder.required).toEqual(["mode"]);
});

test("what is sent has no empty field and none that does not apply, and tells which secret goes", () => {
  const config = { mode: "filesystem", host: "old.example", export_path: "", password: null };
  expect(filledIn(SCHEMA, config)).toEqual({ mode: "filesystem", password: null });
  expect(filledIn(SCHEMA, { host: "erp.example", password: MASK })).toEqual({ host: "erp.example", password: MASK });
});

test("what is not set works by its default, and what does not apply is left out", () => {
  const schema = {
    properties: {
      mode: { type: "string", default: "sftp" },
      port: { type: "integer", default: 22, show_when: { mode: ["sftp"] } },
      url: { type: "string", show_when: { mode: ["http"] } },
    },
  } as unknown as Parameters<typeof inEffect>[0];
  expect(inEffect(schema, {})).toEqual({ mode: "sftp", port: 22 });
  expect(inEffect(schema, { mode: "http", port: 22 })).toEqual({ mode: "http", url: undefined });
});
