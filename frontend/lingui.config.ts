import { readdirSync } from "node:fs";
import { defineConfig } from "@lingui/conf";
import { formatter } from "@lingui/format-po";

const files = readdirSync(new URL("src/locales", import.meta.url)).filter((file) => file.endsWith(".po"));

/** A language is a file in `src/locales`; English is what the code says. */
export default defineConfig({
  sourceLocale: "en",
  locales: files.map((file) => file.slice(0, -".po".length)),
  catalogs: [
    { path: "<rootDir>/src/locales/{locale}", include: ["<rootDir>/src"], exclude: ["**/*.test.ts", "**/schema.d.ts"] },
  ],
  orderBy: "message",
  format: formatter({ origins: false }),
});
