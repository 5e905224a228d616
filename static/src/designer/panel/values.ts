/** What the form knows of a parameter's value, by the same rules as the server's `Param.clean`. */
import { boundTo } from "../store/draft.ts";
import type { Json, Params, ParamSpec } from "../../graph/types.ts";

/** The value that the module will get: what was set, else the default. */
export function effective(spec: ParamSpec, params: Params): Json {
  return params[spec.name] ?? spec.default ?? null;
}

export function isSet(spec: ParamSpec, params: Params): boolean {
  const value = params[spec.name];
  return value !== undefined && JSON.stringify(value) !== JSON.stringify(spec.default ?? null);
}

/** Whether the form shows this field; a condition on a bound parameter counts as met. */
export function isVisible(spec: ParamSpec, specs: readonly ParamSpec[], params: Params): boolean {
  for (const [name, wanted] of Object.entries(spec.visible_when ?? {})) {
    const other = specs.find((each) => each.name === name);
    if (!other) continue;
    const value = effective(other, params);
    if (boundTo(value)) continue;
    if (!(Array.isArray(wanted) ? wanted : [wanted]).some((each) => each === value)) return false;
  }
  return true;
}

/** What is wrong with a value, in words; nothing when it will do. */
export function fault(spec: ParamSpec, value: Json): string | null {
  const title = spec.label || spec.name;
  const isBlank = value === null || (typeof value === "string" && value.trim() === "");
  if (isBlank) return spec.optional || (value === "" && spec.default === "") ? null : `${title} is empty. Fill it in.`;
  if (typeof value === "string" && value.includes("${{")) return null;
  if (spec.type === "integer" || spec.type === "number") return numberFault(spec, title, value);
  if (spec.type === "enum" && spec.enum && !spec.enum.some((item) => String(item) === String(value))) return `${title} cannot be ${JSON.stringify(value)}. Choose one of the list.`;
  if (spec.type === "columns") return rulesFault(title, value);
  return null;
}

function numberFault(spec: ParamSpec, title: string, value: Json): string | null {
  const number = typeof value === "boolean" ? NaN : Number(value);
  if (!Number.isFinite(number)) return `${title} must be a number.`;
  if (spec.type === "integer" && !Number.isInteger(number)) return `${title} must be a whole number.`;
  if (typeof spec.min === "number" && number < spec.min) return `${title} is below ${spec.min}. Give at least ${spec.min}.`;
  if (typeof spec.max === "number" && number > spec.max) return `${title} is above ${spec.max}. Give at most ${spec.max}.`;
  return null;
}

function rulesFault(title: string, value: Json): string | null {
  const rules = typeof value === "object" && value !== null && !Array.isArray(value) ? value["rules"] : value;
  const given = typeof rules === "string" ? [rules] : rules;
  return Array.isArray(given) && given.length ? null : `${title} selects no columns. Add one.`;
}

/** What someone typed as the value to store: a number where it is one, else the text as it is. */
export function parsed(spec: Pick<ParamSpec, "type">, text: string): Json {
  if (spec.type !== "integer" && spec.type !== "number") return text;
  if (text.trim() === "") return null;
  const number = Number(text);
  return Number.isFinite(number) && (Number.isSafeInteger(number) || !Number.isInteger(number)) ? number : text;
}

/** The limits as they stand at the end of a field: "0 – 1", "≥ 1". */
export function rangeText(spec: ParamSpec): string {
  const { min, max } = spec;
  const show = (value: number): string => (Math.abs(value) >= 1e6 ? value.toExponential(0).replace("e+", "e") : String(value));
  if (typeof min === "number" && typeof max === "number") return max >= 2 ** 31 - 1 ? `≥ ${show(min)}` : `${show(min)} – ${show(max)}`;
  if (typeof min === "number") return `≥ ${show(min)}`;
  return typeof max === "number" ? `≤ ${show(max)}` : "";
}

/** A 0 to 1 number is set with a slider too. */
export const hasSlider = (spec: ParamSpec): boolean => spec.type === "number" && spec.min === 0 && spec.max === 1;

/** `regular_expression` as people read it. */
export function words(value: Json): string {
  if (typeof value !== "string") return String(value);
  const text = value.replaceAll("_", " ").trim();
  return text ? text[0]!.toUpperCase() + text.slice(1) : "(blank)";
}

export const languageOf = (component: string, spec: ParamSpec): "python" | "sql" | "r" | "yaml" | "json" | "text" => {
  const name = `${component} ${spec.name} ${spec.label ?? ""}`.toLowerCase();
  if (/sql|query/.test(name)) return "sql";
  if (/python|script|code|model/.test(name) && !/_r_|\br\b/.test(name)) return "python";
  if (/_r_|\br\b/.test(name)) return "r";
  if (/json/.test(name)) return "json";
  return /yaml/.test(name) ? "yaml" : "text";
};

/** A value on one line, for "default" hints, diffs and lists. */
export function shown(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "blank";
  if (value === true) return "on";
  if (value === false) return "off";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
