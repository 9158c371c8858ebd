import { expect, test } from "vitest";
import { base64 } from "./base64";

test("bytes of any number are written as they are", () => {
  expect(base64(new TextEncoder().encode("Menge;ä"))).toBe("TWVuZ2U7w6Q=");
  const many = new Uint8Array(200_001).fill(255);
  expect(atob(base64(many)).length).toBe(200_001);
});
