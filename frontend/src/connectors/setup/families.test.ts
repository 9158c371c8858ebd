import { expect, test } from "vitest";
import { byFamily, matching } from "./families";

const TYPES = [
  { type: "SAP_ODATA", display_name: "SAP S/4HANA (OData)" },
  { type: "SAP_IDOC", display_name: "Dropzone (SAP IDoc)" },
  { type: "ACME", display_name: "Acme" },
];

test("every word that is looked for has to be there", () => {
  expect(matching(TYPES, "sap flat").map(({ type }) => type)).toEqual(["SAP_IDOC"]);
  expect(matching(TYPES, "  ").length).toBe(3);
  expect(matching(TYPES, "oracle")).toEqual([]);
});

test("what we do not know stands at the end, and nothing is left out", () => {
  expect(byFamily(TYPES).map(([family, members]) => [family, members.length])).toEqual([
    ["The ERP's API", 1],
    ["EDI", 1],
    ["Installed beside", 1],
  ]);
});
