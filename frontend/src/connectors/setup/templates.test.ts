import { expect, test } from "vitest";
import { TEMPLATES } from "./templates";

test("every template says what it is", () => {
  expect(TEMPLATES.filter(({ name, id, about }) => name === id || !about)).toEqual([]);
});
