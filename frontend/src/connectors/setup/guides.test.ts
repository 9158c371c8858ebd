import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { GUIDE_PAGES, guideOf } from "./guides";

test("every guide is a page of the docs", () => {
  for (const page of [...GUIDE_PAGES, "connectors"])
    expect(existsSync(new URL(`../../../../docs/${page}.md`, import.meta.url)), page).toBe(true);
});

test("another's connector leads to what holds for all", () => {
  expect(guideOf("REST_JSON")).toBe("/docs/connector-rest-json.html");
  expect(guideOf("ACME")).toBe("/docs/connectors.html");
});
