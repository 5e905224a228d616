/** The column selector: ordered include and exclude rules over the columns that are known. */
import type { Column, Json } from "../../graph/types.ts";

export type RuleKind = "names" | "all" | "range" | "type" | "role";

export interface Rule {
  include: boolean;
  by: RuleKind;
  value: string | readonly string[];
}

export const TYPES = ["numeric", "integer", "string", "boolean", "datetime", "categorical"] as const;
export const ROLES = ["feature", "label", "score"] as const;

/** The rules of a selector in any of its forms. */
export function rulesOf(value: Json | undefined): Rule[] {
  if (typeof value === "string") return value ? [byNames([value])] : [];
  if (Array.isArray(value)) return value.length ? [byNames(value.map(String))] : [];
  const rules = value && typeof value === "object" ? value["rules"] : null;
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((rule) => {
    if (!rule || typeof rule !== "object" || Array.isArray(rule)) return [];
    const given = rule["value"];
    return [{ include: rule["include"] !== false, by: (rule["by"] as RuleKind) ?? "names", value: Array.isArray(given) ? given.map(String) : String(given ?? "") }];
  });
}

export function selectorOf(rules: readonly Rule[]): Json {
  return { rules: rules.map(({ include, by, value }): Json => (by === "all" ? { include, by } : { include, by, value: typeof value === "string" ? value : [...value] })) };
}

export const byNames = (names: readonly string[], include = true): Rule => ({ include, by: "names", value: names });

/** The names of a selector that is one plain list, as most are; nothing when it says more. */
export function plainNames(rules: readonly Rule[]): string[] | null {
  if (!rules.length) return [];
  const [only] = rules;
  return rules.length === 1 && only!.by === "names" && only!.include ? [...namesOf(only!)] : null;
}

export const namesOf = (rule: Rule): readonly string[] => (typeof rule.value === "string" ? (rule.value ? [rule.value] : []) : rule.value);

export interface Chosen {
  /** In the table's order; null where a column's type is not known. */
  names: string[] | null;
  missing: string[];
  beyond: number | null;
}

/** A selector whose first rule excludes starts from all columns, any other from none. */
export function choose(columns: readonly Column[], rules: readonly Rule[]): Chosen {
  const order = columns.map((column) => column.name);
  let known: Set<string> | null = new Set(rules[0] && !rules[0].include ? order : []);
  const missing = new Set<string>();
  let beyond: number | null = null;
  for (const rule of rules) {
    const matched = matches(columns, rule, missing);
    if (typeof matched === "number") beyond = Math.max(beyond ?? 0, matched);
    const names: Set<string> | null = typeof matched === "number" ? new Set(order) : matched;
    if (!known || !names) known = null;
    else for (const name of names) rule.include ? known.add(name) : known.delete(name);
  }
  return { names: known && rules.length ? order.filter((name) => known.has(name)) : known ? [] : null, missing: [...missing], beyond };
}

function matches(columns: readonly Column[], rule: Rule, missing: Set<string>): Set<string> | number | null {
  const order = columns.map((column) => column.name);
  if (rule.by === "all") return new Set(order);
  if (rule.by === "range") {
    const places = positions(String(rule.value));
    if (!places) return null;
    const last = Math.max(...places);
    return last > order.length ? last : new Set(places.map((place) => order[place - 1]!));
  }
  const wanted = namesOf(rule);
  if (rule.by === "names") {
    for (const name of wanted) if (!order.includes(name)) missing.add(name);
    return new Set(wanted.filter((name) => order.includes(name)));
  }
  if (rule.by === "role") return new Set(columns.filter((column) => wanted.includes(column.role ?? "feature")).map((column) => column.name));
  if (columns.some((column) => column.type === "any" && !column.categorical)) return null;
  return new Set(columns.filter((column) => isType(column, wanted)).map((column) => column.name));
}

export function kindOf(column: Column): string {
  if (column.categorical) return "categorical";
  return column.type === "number" ? "numeric" : column.type;
}

export const isType = (column: Column, wanted: readonly string[]): boolean => {
  const kind = kindOf(column);
  return wanted.includes(kind) || (kind === "integer" && wanted.includes("numeric"));
};

/** `1-4,6` as positions counted from 1; nothing when it is no range. */
export function positions(text: string): number[] | null {
  const found: number[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part);
    const first = Number(match?.[1] ?? 0);
    const last = Number(match?.[2] ?? first);
    if (!match || first < 1 || last < first || last - first > 100_000) return null;
    for (let place = first; place <= last; place += 1) found.push(place);
  }
  return found.length ? found : null;
}

export function ruleText({ include, by, value }: Rule): string {
  const listed = typeof value === "string" ? value : value.join(", ");
  const text = { all: "all columns", names: listed || "no names yet", range: `columns ${listed || "…"}`, type: `${listed || "…"} columns`, role: `${listed || "…"} columns` }[by];
  return include ? text : `not ${text}`;
}
