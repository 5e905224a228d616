import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { lightStyles } from "./lightstyles.ts";
import { sprite } from "./sprite.ts";

const entry = (name: string): string => fileURLToPath(new URL(`src/entries/${name}`, import.meta.url));

export default defineConfig(({ command }) => ({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Built files refer to each other relatively, so any STATIC_URL works; the dev server needs Django's prefix.
  base: command === "serve" ? "/static/" : "./",
  publicDir: false,
  plugins: [react(), sprite(), lightStyles()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ["base.ts", "run.ts", "compare.ts", "assets.ts", "data.ts", "designer.tsx"].map(entry),
    },
  },
  server: { host: "127.0.0.1", port: 5173, strictPort: true, cors: true },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
}));
