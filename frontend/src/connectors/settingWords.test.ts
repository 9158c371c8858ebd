import { expect, test } from "vitest";
import { formSchema, MASK } from "./form/schema";
import { inFormWords, settingLabel, settingText } from "./settingWords";

const SCHEMA = formSchema({
  type: "object",
  properties: {
    host: { type: "string", title: "Host" },
    mode: { type: "string", title: "Kind", enum: ["sftp", "ftp"] },
    token_url: { type: "string", title: "Token URL" },
    password: { anyOf: [{ type: "string" }, { type: "null" }], title: "Password", writeOnly: true },
    columns: { type: "array", title: "Columns", items: { $ref: "#/$defs/Column" } },
  },
  $defs: { Column: { type: "object", properties: { name: { type: "string", title: "Heading" } } } },
} as Parameters<typeof formSchema>[0]);

test.each([
  ["config.host", "Host"],
  ["host", "Host"],
  ["columns.0.name", "Columns: entry 1: Heading"],
  ["config.columns.11.name", "Columns: entry 12: Heading"],
  ["orders_per_minute", "Orders per minute"],
  ["nobody_knows", "Nobody knows"],
])("%s is called %s", (path, label) => {
  expect(settingLabel(SCHEMA, path.split("."))).toBe(label);
});

test("a secret is told, never shown", () => {
  const show = settingText(SCHEMA);
  expect(show("sesame", ["config", "password"])).toBe("the secret that you typed");
  expect(show(MASK, ["config", "password"])).toBe("the secret that is stored");
  expect(show("erp.example", ["config", "host"])).toBe("erp.example");
});

test("a sentence of the API calls settings as the form does, and leaves other words alone", () => {
  expect(inFormWords(SCHEMA, "auth oauth2 needs token_url")).toBe("auth oauth2 needs “Token URL”");
  expect(inFormWords(SCHEMA, "is needed for mode sftp, in every mode")).toBe(
    "is needed for “Kind” sftp, in every mode",
  );
  expect(inFormWords(SCHEMA, "the host of erp_in_hamburg is down")).toBe("the host of erp_in_hamburg is down");
});
