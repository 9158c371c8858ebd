import { expect, test } from "vitest";
import { headersOf } from "./headers";

test("headers are read line by line, whatever stands around them", () => {
  const text =
    "Content-Type: text/xml; charset=utf-8\r\n\nno header\nLocation:  http://erp.example:8080/42 \n: nameless";
  expect(headersOf(text)).toEqual({
    "Content-Type": "text/xml; charset=utf-8",
    Location: "http://erp.example:8080/42",
  });
});
