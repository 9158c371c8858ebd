import { expect, test } from "vitest";
import { movedText, movesOf } from "./moves";

test("deliveries are moved from each connector that they wait for, and those that are there stay", () => {
  const waiting = [
    { id: "1", connection_id: "germany" },
    { id: "2", connection_id: "turkey" },
    { id: "3", connection_id: "france" },
    { id: "4", connection_id: "germany" },
  ];
  expect(movesOf(waiting, "turkey")).toEqual([
    { from: "germany", to: "turkey", ids: ["1", "4"], all: false },
    { from: "france", to: "turkey", ids: ["3"], all: false },
  ]);
});

test("what stayed is said", () => {
  expect(movedText(1, 0)).toBe("1 delivery moved");
  expect(movedText(2, 3)).toBe("2 deliveries moved; 3 may have arrived already and stay");
});
