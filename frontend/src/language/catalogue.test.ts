import { getCatalogs } from "@lingui/cli/api";
import { getConfig } from "@lingui/conf";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { literals, sentences } from "./literals";

const catalogue = async () => (await getCatalogs(getConfig()))[0];

test("every text of the page is in every language", { timeout: 60_000 }, async () => {
  const one = await catalogue();
  const said = Object.keys((await one?.collect()) ?? {});
  expect(said.length).toBeGreaterThan(500);
  for (const [language, known] of Object.entries((await one?.readAll()) ?? {})) {
    const untold = said.filter((id) => !known[id]?.translation && language !== "en");
    const unknown = said.filter((id) => !known[id]).map((id) => `${id}: npm run texts`);
    expect([...untold.map((id) => known[id]?.message ?? id), ...unknown], `of ${language}.po`).toEqual([]);
    expect(
      Object.keys(known).filter((id) => !said.includes(id) && !known[id]?.obsolete),
      language,
    ).toEqual([]);
  }
});

test("no text stands in a component past the catalogue", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".tsx"));
  const found = files.flatMap((file) =>
    literals(readFileSync(`src/${file}`, "utf8")).map((text) => `${file}: ${text}`),
  );
  expect(found).toEqual([]);
});

test("no sentence is put together past the catalogue", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) =>
    /(?<!test)\.tsx?$/.test(file),
  );
  const found = files.flatMap((file) =>
    sentences(readFileSync(`src/${file}`, "utf8")).map((text) => `${file}: ${text}`),
  );
  expect(found).toEqual([]);
});

test.each([
  ["`${many} will wait until then`", 1],
  ["t`${many} will wait until then`", 0],
  ["plural(many, { one: `# waits for ${it} still` })", 0],
  ["`${BASE}/docs/${name}.html`", 0],
])("in %s are %i sentences past the catalogue", (source, count) => {
  expect(sentences(`const it = ${source};`)).toHaveLength(count);
});

test.each([
  ["<p>Hello</p>", ["Hello"]],
  ["<p><Trans>Hello <b>you</b></Trans></p>", []],
  ['<Input label="Name" />', ["Name"]],
  ['<Input label={late ? "Too late" : t`Name`} />', ["Too late"]],
  ["<p>{late && `late by ${days}`}</p>", ["late by …"]],
  ['<Text size="sm">· {count} %</Text>', []],
  ["<code>orderflow user create</code>", []],
  ['<Button variant={late ? "filled" : "light"} />', []],
])("in %s a text past the catalogue is %j", (source, found) => {
  expect(literals(`const it = ${source};`)).toEqual(found);
});
