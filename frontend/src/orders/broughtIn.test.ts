import { expect, test } from "vitest";
import { broughtIn } from "./broughtIn";

function answered(lines: object[], cut = 7): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += cut) controller.enqueue(bytes.slice(at, at + cut));
      controller.close();
    },
  });
}

const error = { code: "NOT_VALID", message: "Käse" };

test("what became of the lines is counted, wherever the network cuts them", async () => {
  const lines = [
    { line: 1, id: "a", status: "READY" },
    { line: 2, id: "b", status: "NEEDS_REVIEW" },
    { line: 3, id: "a", duplicate: true },
    { line: 4, id: "a", revised: true, status: "READY" },
    { line: 5, error },
  ];
  for (const cut of [1, 7, 10_000]) {
    const brought = await broughtIn(answered(lines, cut));
    expect(brought).toEqual({
      accepted: 2,
      incomplete: 1,
      revised: 1,
      refused: { count: 1, first: [lines[4]] },
      here: { count: 1, first: [lines[2]] },
    });
  }
});

test("of many lines the first are kept, and why the import ended is no line of the file", async () => {
  const ended = { code: "TOO_MANY_BAD_LINES", message: "1000 lines were refused, so the import ended here." };
  const lines: object[] = Array.from({ length: 1_000 }, (_, at) => ({ line: at + 1, error }));
  const brought = await broughtIn(answered([...lines, { line: 1_001, error: ended }], 4_096));
  expect(brought.refused.count).toBe(1_000);
  expect(brought.refused.first).toHaveLength(50);
  expect(brought.ended).toEqual(ended);
});
