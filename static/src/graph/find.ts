/** Ctrl+F: words, and filters such as `runStatus=failed duration>10 OR -compute:gpu tags=text`. */
export interface Findable {
  id: string;
  title: string;
  component: string;
  category: string;
  tags: readonly string[];
  /** Parameter values in words. */
  values: string;
  comment: string;
  status: string;
  compute: string;
  seconds: number | null;
  reused: boolean;
  stale: boolean;
  disabled: boolean;
  problems: number;
}

type Test = (node: Findable) => boolean;

export interface Query {
  test: Test;
  /** Words that are no filter known here, told to the user. */
  unknown: string[];
}

const WORDS: Record<string, (node: Findable) => string | number | boolean | null | readonly string[]> = {
  runstatus: (node) => node.status,
  status: (node) => node.status,
  compute: (node) => node.compute,
  duration: (node) => node.seconds,
  reuse: (node) => node.reused,
  reused: (node) => node.reused,
  tags: (node) => node.tags,
  tag: (node) => node.tags,
  name: (node) => node.title,
  type: (node) => [node.component, node.category],
  param: (node) => node.values,
  stale: (node) => node.stale,
  disabled: (node) => node.disabled,
  problems: (node) => node.problems,
};

export const FILTERS = ["runStatus", "compute", "duration", "reuse", "tags", "type", "param", "stale", "disabled", "problems"] as const;

const TOKEN = /-?[\w.]*(?:!=|>=|<=|[:=<>])"[^"]*"|-?"[^"]*"|\S+/g;
const FILTER = /^([a-z_]+)(!=|>=|<=|[:=<>])"?([^"]*)"?$/i;

export function parseQuery(text: string): Query {
  const unknown: string[] = [];
  const alternatives: Test[][] = [[]];
  let not = false;
  for (const raw of text.match(TOKEN) ?? []) {
    if (raw === "AND" || raw === "&&") continue;
    if (raw === "OR" || raw === "||") {
      alternatives.push([]);
      continue;
    }
    if (raw === "NOT") {
      not = true;
      continue;
    }
    const negated = not || (raw.startsWith("-") && raw.length > 1);
    const test = termOf(raw.startsWith("-") && raw.length > 1 ? raw.slice(1) : raw, unknown);
    alternatives.at(-1)!.push(negated ? (node) => !test(node) : test);
    not = false;
  }
  const used = alternatives.filter((tests) => tests.length);
  return { test: (node) => !used.length || used.some((tests) => tests.every((test) => test(node))), unknown };
}

function termOf(raw: string, unknown: string[]): Test {
  const filter = FILTER.exec(raw);
  if (filter) {
    const [, key, operator, value] = filter as unknown as [string, string, string, string];
    const read = WORDS[key.toLowerCase()];
    if (read) return (node) => compare(read(node), operator, value);
    unknown.push(key);
  }
  const word = raw.replaceAll('"', "").toLowerCase();
  return (node) => haystack(node).includes(word);
}

const cache = new WeakMap<Findable, string>();

function haystack(node: Findable): string {
  let text = cache.get(node);
  if (text === undefined) {
    text = [node.title, node.id, node.component.replaceAll("_", " "), node.category, node.values, node.comment, node.status, ...node.tags].join("\n").toLowerCase();
    cache.set(node, text);
  }
  return text;
}

const YES = new Set(["true", "yes", "on", "1"]);

function compare(found: string | number | boolean | null | readonly string[], operator: string, wanted: string): boolean {
  if (operator === "!=") return !compare(found, "=", wanted);
  if (typeof found === "boolean") return found === YES.has(wanted.toLowerCase());
  if (typeof found === "number" || found === null) {
    const limit = seconds(wanted);
    if (found === null || Number.isNaN(limit)) return false;
    if (operator === ">") return found > limit;
    if (operator === "<") return found < limit;
    if (operator === ">=") return found >= limit;
    if (operator === "<=") return found <= limit;
    return Math.abs(found - limit) < 0.05;
  }
  const texts = (typeof found === "string" ? [found] : found).map((text) => text.toLowerCase());
  const want = wanted.toLowerCase();
  return operator === "=" ? texts.some((text) => text === want || text.replaceAll("_", " ") === want) : texts.some((text) => text.includes(want));
}

/** "90", "90s", "1.5m", "1:30", "2h" as seconds. */
function seconds(text: string): number {
  const clock = /^(\d+):(\d{2})$/.exec(text);
  if (clock) return Number(clock[1]) * 60 + Number(clock[2]);
  const unit = /^([\d.]+)\s*(ms|s|m|min|h)?$/i.exec(text.trim());
  if (!unit) return Number.NaN;
  return Number(unit[1]) * ({ ms: 0.001, s: 1, m: 60, min: 60, h: 3600 }[unit[2]?.toLowerCase() ?? "s"] ?? 1);
}
