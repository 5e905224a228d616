import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..", "..");
const tokens = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");

function files(folder: string, ends: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ends.test(name) && !name.includes("node_modules"))
    .map((name) => join(root, folder, name));
}

function tokensOf(theme: string): Map<string, string> {
  const block = tokens.split(`[data-bs-theme="${theme}"] {`)[1]!.split("\n}")[0]!;
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name!, value!]));
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

describe("colours", () => {
  it("are written in tokens.css and nowhere else", () => {
    const sources = [...files("static/src", /\.css$/), ...files("templates", /\.html$/)].filter((name) => !name.endsWith("tokens.css"));
    const found = sources.flatMap((name) =>
      [...readFileSync(name, "utf8").matchAll(/(?::|\s|,|\()(#[0-9a-f]{6}|#[0-9a-f]{3})\b(?=[;\s,)])|rgba?\(\s*\d/gi)].map(([text]) => `${name}: ${text.trim()}`),
    );
    expect(found).toEqual([]);
  });

  it.each(["light", "dark"])("of text reach 4.5 to 1 on what they stand on in the %s theme", (theme) => {
    const light = tokensOf("light");
    const of = (name: string): string => tokensOf(theme).get(name) ?? light.get(name)!;
    const pairs: [string, string][] = ["queued", "running", "completed", "failed", "reused", "warning", "canceled"].map((name) => [name, `${name}-soft`]);
    for (const ink of ["ink-1", "ink-2", "ink-3"]) for (const ground of ["bg", "surface", "surface-2", "hover", "canvas"]) pairs.push([ink, ground]);
    pairs.push(["accent-ink", "accent"], ["accent", "surface"], ["accent", "accent-soft"], ["rail-ink-2", "rail"], ["log-ink-2", "log-bg"], ["log-red", "log-current"]);
    const weak = pairs.filter(([a, b]) => contrast(of(a), of(b)) < 4.5).map(([a, b]) => `${a} on ${b}: ${contrast(of(a), of(b)).toFixed(2)}`);
    expect(weak).toEqual([]);
  });
});

describe("markup", () => {
  it("has no inline styles, scripts or handlers, which the policy would refuse", () => {
    const found = files("templates", /\.html$/).flatMap((name) =>
      [...readFileSync(name, "utf8").matchAll(/\s(?:style|on[a-z]+)\s*=\s*["'][^"']*["']|<script(?![^>]*(?:nonce|src|json))[^>]*>/g)].map(([text]) => `${name}: ${text.trim()}`),
    );
    expect(found).toEqual([]);
  });
});
