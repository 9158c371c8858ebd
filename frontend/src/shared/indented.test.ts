import { expect, test } from "vitest";
import { indented } from "./indented";

test("compact JSON stands on lines of its own, its numbers as they were written", () => {
  expect(indented('{"qty":10.000,"lines":[{"a":1e2},{}],"none":[]}')).toBe(
    '{\n  "qty": 10.000,\n  "lines": [\n    {\n      "a": 1e2\n    },\n    {}\n  ],\n  "none": []\n}',
  );
});

test.each(['{"a": 1,\n"b": 2}', '"just text, with {marks}: [all] of them"'])("%s is left as it is", (text) => {
  expect(indented(text)).toBe(text);
});

test("marks within texts, also behind a quoted quote, are no structure", () => {
  expect(indented(String.raw`{"a":"x\",{[:","b":2}`)).toBe(`{\n  "a": ${String.raw`"x\",{[:"`},\n  "b": 2\n}`);
});
