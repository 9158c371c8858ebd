import { expect, test } from "vitest";
import { afterStale, changedOf, chosen, differences, type Side } from "./differences";

const LINE = { internal_sku: "INT-999", qty: "30", uom: "M" };
const ORDER = {
  notes: null as string | null,
  currency: "EUR",
  customer: { erp_customer_number: "4711", name: "Muster GmbH" },
  lines: [
    { line_no: 1, ...LINE },
    { line_no: 2, ...LINE },
  ],
};
const sides = (found: ReturnType<typeof differences>) => found.map(({ clear }) => clear ?? "yours");

test("what each changed alone is kept of both", () => {
  const theirs = { ...ORDER, lines: [{ ...ORDER.lines[0], line_no: 1, qty: "777" }, ORDER.lines[1]] };
  const yours = { ...ORDER, notes: "Call before delivery" };
  const found = differences(ORDER, theirs, yours);
  expect(found).toEqual([
    { path: ["notes"], original: null, theirs: null, yours: "Call before delivery", clear: "yours" },
    { path: ["lines", "1", "qty"], original: "30", theirs: "777", yours: "30", clear: "theirs" },
  ]);
  expect(chosen(theirs, found, sides(found))).toEqual({ ...theirs, notes: "Call before delivery" });
});

test("what both changed differently is for a person to choose, field by field", () => {
  const theirs = { ...ORDER, customer: { erp_customer_number: "4712", name: "Theirs" } };
  const yours = { ...ORDER, customer: { erp_customer_number: "4713", name: "Yours" } };
  const found = differences(ORDER, theirs, yours);
  expect(found.map(({ path, clear }) => [path.join("."), clear])).toEqual([
    ["customer.erp_customer_number", undefined],
    ["customer.name", undefined],
  ]);
  const merged = chosen(theirs, found, ["yours", "theirs"]);
  expect(merged.customer).toEqual({ erp_customer_number: "4713", name: "Theirs" });
});

test("what both changed alike, or emptied in different words, is no difference", () => {
  const theirs = { ...ORDER, notes: "", currency: "USD" };
  expect(differences({ ...ORDER, notes: "old" }, theirs, { ...ORDER, notes: null, currency: "USD" })).toEqual([]);
});

test("a line that one removed and the other changed is whole in the choice", () => {
  const theirs = { ...ORDER, lines: ORDER.lines.slice(0, 1) };
  const changed = { line_no: 2, ...LINE, qty: "31" };
  const yours = { ...ORDER, lines: [ORDER.lines[0], changed] };
  const found = differences(ORDER, theirs, yours);
  expect(found).toEqual([{ path: ["lines", "2"], original: ORDER.lines[1], theirs: undefined, yours: changed }]);
  expect(chosen(theirs, found, ["yours"]).lines).toEqual(yours.lines);
  expect(chosen(theirs, found, ["theirs"]).lines).toEqual(theirs.lines);
});

test("a line that you removed is gone from what both made, and one that you added stands in its place", () => {
  const theirs = { ...ORDER, notes: "theirs" };
  const added = { line_no: 7, ...LINE };
  const yours = { ...ORDER, lines: [ORDER.lines[1], added] };
  const found = differences(ORDER, theirs, yours);
  expect(chosen(theirs, found, sides(found))).toEqual({ ...theirs, lines: [ORDER.lines[1], added] });
});

test("it is asked only where something of yours is not saved yet", () => {
  const user = { role: "OPS", active: true };
  const next = (theirs: Partial<typeof user>, yours: Partial<typeof user>, click: boolean) =>
    afterStale(differences(user, { ...user, ...theirs }, { ...user, ...yours }), click);
  expect(next({ active: false }, { active: false }, true)).toBe("nothing");
  expect(next({ role: "ADMIN" }, {}, false)).toBe("nothing");
  expect(next({}, { active: false }, true)).toBe("save");
  expect(next({}, { active: false }, false)).toBe("ask");
  expect(next({ role: "ADMIN" }, { active: false }, true)).toBe("ask");
  expect(next({ role: "ADMIN" }, { role: "VIEWER" }, true)).toBe("ask");
});

test("of what is saved, only what changed is sent", () => {
  const before = { role: "OPS", active: true, name: "" };
  expect(changedOf(before, { ...before, active: false })).toEqual({ active: false });
  expect(changedOf(before, { ...before, name: null as never })).toEqual({});
});

test("choosing theirs everywhere gives theirs, choosing yours everywhere gives yours, whatever was changed", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = dice(seed);
    const [original, theirs, yours] = [drawn(random), drawn(random), drawn(random)];
    const found = differences(original, theirs, yours);
    const all = (side: Side) =>
      chosen(
        theirs,
        found,
        found.map(() => side),
      );
    expect(differences(theirs, theirs, all("theirs"))).toEqual([]);
    expect(differences(yours, yours, all("yours"))).toEqual([]);
  }
});

function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => (state = (state * 48_271) % 2_147_483_647) % most;
}

function drawn(random: (most: number) => number): Record<string, unknown> {
  const numbers = [1, 2, 3, 4].filter(() => random(2));
  return {
    notes: ["", null, "a", "b"][random(4)],
    customer: { name: ["x", "y"][random(2)], erp_customer_number: [null, "1"][random(2)] },
    ship_to: [null, { city: "Köln" }, { city: "Bonn", zip: "53111" }][random(3)],
    lines: numbers.map((line_no) => ({ line_no, qty: String(random(3)) })),
  };
}
