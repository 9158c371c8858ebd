import { expect, test } from "vitest";
import { asksWhere, destinationText, firstChoice } from "./destinations";

const GERMANY = {
  connection_id: "1",
  connector_type: "ODOO",
  connection_name: "SAP Germany" as string | null,
  orders: 38,
  bound: false,
  stays: false,
};
const BOUND = { ...GERMANY, connection_id: "2", connection_name: "SAP Turkey", bound: true };

test("it is asked where to only if there is a choice", () => {
  expect(asksWhere([GERMANY, BOUND], 2)).toBe(true);
  expect(asksWhere([GERMANY], 1)).toBe(false);
  expect(asksWhere([BOUND], 2)).toBe(false);
  expect(asksWhere([], 2)).toBe(false);
});

test("orders go by the connector's name, by its type if it has none", () => {
  expect(destinationText(GERMANY)).toBe("to SAP Germany");
  expect(destinationText({ ...GERMANY, connection_name: null })).toBe("to ODOO");
});

test("what may have arrived goes where it was, or stays", () => {
  expect(destinationText(BOUND)).toContain("to SAP Turkey, where they may have arrived");
  expect(destinationText({ ...BOUND, stays: true })).toContain("stay: they may have arrived at SAP Turkey");
});

test("offered first is where an order was before, then the default, then the only one", () => {
  const connectors = [
    { id: "1", is_default: false },
    { id: "2", is_default: true },
    { id: "3", is_default: false },
  ];
  expect(firstChoice(connectors, "3")).toBe("3");
  expect(firstChoice(connectors, "gone")).toBe("2");
  expect(firstChoice(connectors, undefined)).toBe("2");
  expect(firstChoice(connectors.slice(0, 1), undefined)).toBe("1");
  expect(firstChoice([], undefined)).toBeUndefined();
});

test("where several would do and none is the default, a person says which", () => {
  const connectors = [
    { id: "1", is_default: false },
    { id: "2", is_default: false },
  ];
  expect(firstChoice(connectors, undefined)).toBeUndefined();
  expect(firstChoice(connectors, "2")).toBe("2");
});
