import { expect, test } from "vitest";
import { textOf } from "./textOf";

const bytes = (...values: number[]) => new Uint8Array(values).buffer;

test("text is read as it was written, and what is no text is none", () => {
  expect(textOf(bytes(0xc3, 0xa4))).toBe("ä");
  expect(textOf(bytes(0xe4))).toBe("ä");
  expect(textOf(bytes(0xff, 0xfe, 0xe4, 0))).toBe("ä");
  expect(textOf(bytes(0x50, 0x4b, 0, 3))).toBeNull();
  expect(textOf(bytes())).toBe("");
});
