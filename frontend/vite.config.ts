import { fileURLToPath } from "node:url";
import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const ours = fileURLToPath(new URL("src/connectors/form/validator.ts", import.meta.url));

export default defineConfig({
  plugins: [react({ babel: { plugins: ["@lingui/babel-plugin-lingui-macro"] } }), lingui()],
  // A helper for the tests of @rjsf/core imports Ajv, which our Content-Security-Policy could not run: see validator.ts.
  resolve: { alias: { "@rjsf/validator-ajv8": ours } },
  base: "./", // the server puts the path before it, below which it is reached
  build: { target: "es2022", minify: "terser", chunkSizeWarningLimit: 600 },
  test: { setupFiles: "src/language/setup.ts" },
  server: { proxy: { "/api": process.env.ORDERFLOW_URL ?? "http://127.0.0.1:8000" } },
});
