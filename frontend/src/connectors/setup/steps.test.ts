import { expect, test } from "vitest";
import { faultsByStep, isOptional, saysSomething, stepOf, stepOfField, stepsOf } from "./steps";

const schema = {
  required: ["columns"],
  properties: {
    host: { type: "string", group: "Server" },
    password: { type: "string", group: "Sign-in", show_when: { mode: ["sftp"] } },
    mode: { type: "string", default: "sftp", group: "Server" },
    columns: { type: "array", group: "Mapping" },
    ca: { type: "string", group: "TLS" },
    timeout: { type: "integer", default: 30, group: "Advanced" },
    colour: { type: "string", group: "Somebody's own" },
  },
} as const;

const given = structuredClone(schema) as unknown as Parameters<typeof stepsOf>[0];

test("a group that nobody knows is about the document", () => {
  expect(stepOf("Somebody's own")).toBe("map");
  expect(stepOf("")).toBe("reach");
});

test("a fault is told in the step of its field", () => {
  expect(stepOfField("config.password", given)).toBe("sign-in");
  expect(stepOfField("columns.0.field", given)).toBe("map");
  expect(stepOfField("name", given)).toBe("reach");
  expect(stepOfField("answer_within", given)).toBe("answers");
  expect([...faultsByStep([{ field: "host" }, { field: "mode" }, { field: "columns.1.name" }], given)]).toEqual([
    ["reach", 2],
    ["map", 1],
  ]);
});

test("a step with nothing to set is left out", () => {
  expect(stepsOf(given, { mode: "filesystem" })).toEqual(["reach", "map", "answers", "test"]);
  expect(stepsOf(given, {})).toEqual(["reach", "sign-in", "map", "answers", "test"]);
});

test("what is needed is never folded, and what says something is open", () => {
  expect(isOptional("Mapping", given)).toBe(false);
  expect(isOptional("TLS", given)).toBe(true);
  expect(saysSomething("Advanced", given, { timeout: 30 })).toBe(false);
  expect(saysSomething("Advanced", given, { timeout: 31 })).toBe(true);
  expect(saysSomething("TLS", given, { ca: "" })).toBe(false);
});
