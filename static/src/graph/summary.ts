/** The one line under a node's name, made from its component's template as the server does. */
import type { Catalogue } from "./catalogue.ts";
import type { Component, GraphNode, Json } from "./types.ts";

interface Rule {
  include?: boolean;
  by?: string;
  value?: unknown;
}

export function textOf(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "object" && !Array.isArray(value) && Array.isArray(value["rules"])) return rulesText(value["rules"] as Rule[]);
  if (Array.isArray(value)) return value.map(String).join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  const bound = /^\$\{\{\s*parent\.inputs\.([\w.-]+)\s*\}\}$/.exec(String(value));
  if (bound) return `= ${bound[1]}`;
  const line = String(value).replaceAll("_", " ").split(/\s+/).join(" ").trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function rulesText(rules: readonly Rule[]): string {
  const names = rules.flatMap((rule) => (rule.include !== false && rule.by === "names" && Array.isArray(rule.value) ? rule.value : []));
  if (rules.length === 1 && names.length > 2) return `${names.length} columns`;
  return rules.map(ruleText).join(", ");
}

function ruleText(rule: Rule): string {
  const what = rule.by === "all" ? "all columns" : Array.isArray(rule.value) ? rule.value.join(", ") : `${rule.by ?? ""} ${String(rule.value ?? "")}`.trim();
  return rule.include === false ? `not ${what}` : what;
}

export function summaryOf(node: GraphNode, component: Component | undefined, catalogue: Catalogue | null): string {
  if (!component) return catalogue ? "Unknown module" : "";
  const asset = typeof node.params["asset"] === "string" ? node.params["asset"] : "";
  if (asset && ["data_asset", "saved_model", "saved_transform"].includes(component.name)) {
    const [, name, version] = /^azureml:([^:@]+)(?:[:@](.+))?$/.exec(asset) ?? [];
    if (name) return `${node.label && node.label !== name ? name : component.title} · version ${version ?? "latest"}`;
  }
  const filled = component.summary.replace(/\{(\w+)\}/g, (_, name: string) => textOf(node.params[name] ?? component.params.find((one) => one.name === name)?.default));
  const line = filled.replace(/\s+/g, " ").replace(/^[\s:·,]+|[\s:·,]+$/g, "");
  // A column's name is written as it is; words of ours begin with a capital.
  const first = /^\W*\{(\w+)\}/.exec(component.summary)?.[1];
  const own = first && ["columns", "string", "code"].includes(component.params.find((one) => one.name === first)?.type ?? "");
  const words = own ? line : line.charAt(0).toUpperCase() + line.slice(1);
  return words || (node.label && node.label !== component.title ? component.title : component.category);
}
