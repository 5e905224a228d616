/** Builds one SVG sprite of the Tabler icons that templates, Python and widgets name. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { always } from "./src/img/icons.ts";

const here = dirname(fileURLToPath(import.meta.url));
const icons = join(here, "node_modules/@tabler/icons/icons");
const folders = ["templates", "studio", "designer", "static/src"].map((name) => join(here, "..", name));
const skipped = new Set(["node_modules", "dist", "migrations", "__pycache__"]);
// {% icon "x" %}, icon="x", "icon": "x", icon("x"), data-icon="x"
const uses = /(?<!\.)\bicon["']?\s*(?:[=:(]\s*)?["']([a-z0-9]+(?:-[a-z0-9]+)*)["']/g;
const id = "src/img/sprite.svg";

function* files(folder: string): Generator<string> {
  let entries: string[] = [];
  try {
    entries = readdirSync(folder);
  } catch {
    return; // a package that is not there yet names no icons
  }
  for (const name of entries) {
    if (skipped.has(name) || name.startsWith(".")) continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if ([".html", ".py", ".ts", ".tsx"].includes(extname(name)) && !name.endsWith(".test.ts")) yield path;
  }
}

function named(): Map<string, string> {
  const found = new Map<string, string>(always.map((name) => [name, "src/img/icons.ts"]));
  for (const folder of folders)
    for (const path of files(folder))
      for (const [, name] of readFileSync(path, "utf8").matchAll(uses))
        if (name && !found.has(name)) found.set(name, path);
  return found;
}

function symbol(name: string, usedIn: string, warn: (message: string) => void): string {
  const filled = name.endsWith("-filled");
  const path = join(icons, filled ? `filled/${name.slice(0, -7)}.svg` : `outline/${name}.svg`);
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch {
    warn(`${usedIn} names the icon "${name}", which Tabler Icons does not have; it will be blank.`);
    return "";
  }
  const body = source
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
    .replace(/\s+/g, " ")
    .trim();
  const paint = filled
    ? 'fill="currentColor"'
    : 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${body}</symbol>`;
}

function build(warn: (message: string) => void): string {
  const symbols = [...named()].sort().map(([name, path]) => symbol(name, path, warn));
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

export function sprite(): Plugin {
  let serving = false;
  return {
    name: "officina-sprite",
    configResolved(config) {
      serving = config.command === "serve";
    },
    buildStart() {
      if (serving) return; // the middleware below answers
      this.emitFile({ type: "asset", name: "sprite.svg", originalFileName: id, source: build((m) => this.warn(m)) });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!request.url?.includes(id)) return next();
        response.setHeader("Content-Type", "image/svg+xml");
        response.end(build((m) => server.config.logger.warn(m)));
      });
    },
  };
}
