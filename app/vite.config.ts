import { defineConfig } from "vitest/config";

import { precache } from "./build/precache.ts";

const patience = 120_000 * Number(process.env["AVAIN_TEST_PATIENCE"] ?? "1");

export default defineConfig({
  plugins: [precache()],
  // What is told about failures stands outside, in the catalogue of the service.
  server: { port: 8081, strictPort: true, fs: { allow: [".", "../internal/domain/reasons/app"] } },
  build: {
    target: "es2022",
    // Under the content security policy nothing may be inline, not even a small image.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: { app: "index.html", sw: "src/sw/sw.ts" },
      output: {
        // The service worker keeps its name: browsers look for a new version under the old address.
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    // Nothing sleeps; the time is for machines that are busy with other things, and scales as
    // that of the service's tests does (internal/testkit/patience).
    testTimeout: patience,
    hookTimeout: patience,
    teardownTimeout: patience,
  },
});
