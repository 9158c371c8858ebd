import { expect, test } from "vitest";
import { leftText, shortName, stateOf, type Certificate } from "./certificate";

const NOW = new Date("2026-11-28T09:00:00Z").getTime();
const IT = {
  fingerprint: "AA",
  valid_from: "2026-01-01T00:00:00Z",
  valid_until: "2027-12-01T00:00:00Z",
  days_left: 367,
  warned: false,
} as Certificate;

test.each<[Partial<Certificate>, string, string]>([
  [{}, "Valid", "green"],
  [{ days_left: 9 }, "Valid", "green"],
  [{ days_left: 9, warned: true }, "Ends soon", "orange"],
  [{ days_left: -1, warned: true }, "Ended", "red"],
  [{ days_left: -1 }, "Ended", "gray"],
  [{ valid_from: "2026-12-01T00:00:00Z" }, "Not yet", "blue"],
  [{ valid_until: null, days_left: null }, "No end", "gray"],
  [{ fingerprint: null, valid_until: null, days_left: null }, "Unreadable", "red"],
])("a certificate with %j is shown as %s", (more, word, color) => {
  expect(stateOf({ ...IT, ...more }, NOW)).toMatchObject({ word, color });
});

test("the days that are left are counted, and those since its end", () => {
  expect([1, 0, -3].map(leftText)).toEqual(["1 day left", "0 days left", "ended 3 days ago"]);
});

test.each([
  ["CN=Acme\\, Inc.,O=Acme", "Acme, Inc."],
  ["O=Acme,CN=acme.example", "acme.example"],
  ["O=Acme", "O=Acme"],
  [null, ""],
])("%s is called %s", (name, short) => {
  expect(shortName(name)).toBe(short);
});
