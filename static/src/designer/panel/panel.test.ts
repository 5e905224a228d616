import { describe, expect, it } from "vitest";
import type { Column, ParamSpec } from "../../graph/types.ts";
import { byNames, choose, plainNames, positions, rulesOf, ruleText, selectorOf } from "./selecting.ts";
import { effective, fault, hasSlider, isSet, isVisible, languageOf, parsed, rangeText, shown, words } from "./values.ts";

const fraction: ParamSpec = { name: "fraction", type: "number", label: "Fraction", default: 0.5, min: 0, max: 1, visible_when: { mode: "rows" } };
const mode: ParamSpec = { name: "mode", type: "enum", default: "rows", enum: ["rows", "regular_expression"] };
const seed: ParamSpec = { name: "random_seed", type: "integer", default: 0, min: 0, max: 2 ** 32 - 1, optional: true };

describe("a parameter of the form", () => {
  it("takes its default until it is set, and setting the default is no change", () => {
    expect(effective(fraction, {})).toBe(0.5);
    expect(isSet(fraction, { fraction: 0.5 })).toBe(false);
    expect(isSet(fraction, { fraction: 0.8 })).toBe(true);
  });
  it("is hidden when another says so, and shown when that one is bound to a pipeline parameter", () => {
    expect(isVisible(fraction, [mode, fraction], {})).toBe(true);
    expect(isVisible(fraction, [mode, fraction], { mode: "regular_expression" })).toBe(false);
    expect(isVisible(fraction, [mode, fraction], { mode: "${{parent.inputs.how}}" })).toBe(true);
    expect(isVisible({ ...fraction, visible_when: { mode: ["rows", "head"] } }, [mode], {})).toBe(true);
  });
  it("says what is wrong and what to do", () => {
    expect(fault(fraction, 1.5)).toBe("Fraction is above 1. Give at most 1.");
    expect(fault(fraction, "abc")).toContain("must be a number");
    expect(fault(seed, 1.5)).toContain("whole");
    expect(fault(fraction, null)).toContain("is empty");
    expect(fault(seed, null)).toBeNull();
    expect(fault(mode, "sideways")).toContain("cannot be");
    expect(fault({ name: "c", type: "columns" }, { rules: [] })).toContain("selects no columns");
    expect(fault(fraction, "${{parent.inputs.f}}")).toBeNull();
  });
  it("keeps what was typed when it is no number, and big whole numbers as text", () => {
    expect(parsed(fraction, "0.80")).toBe(0.8);
    expect(parsed(fraction, "0.8x")).toBe("0.8x");
    expect(parsed(seed, "")).toBeNull();
    expect(parsed(seed, "12345678901234567890")).toBe("12345678901234567890");
    expect(parsed({ type: "string" }, "007")).toBe("007");
  });
  it("writes its limits, its choices and its value in words", () => {
    expect(rangeText(fraction)).toBe("0 – 1");
    expect(rangeText(seed)).toBe("≥ 0");
    expect(rangeText({ name: "a", type: "number", max: 3 })).toBe("≤ 3");
    expect(words("regular_expression")).toBe("Regular expression");
    expect(hasSlider(fraction)).toBe(true);
    expect(hasSlider(seed)).toBe(false);
    expect(shown(true)).toBe("on");
    expect(shown(null)).toBe("blank");
  });
  it("knows the language of its code", () => {
    const code: ParamSpec = { name: "script", type: "code" };
    expect(languageOf("execute_python_script", code)).toBe("python");
    expect(languageOf("apply_sql_transformation", { name: "sql", type: "code" })).toBe("sql");
    expect(languageOf("execute_r_script", code)).toBe("r");
  });
});

const columns: Column[] = [
  { name: "id", type: "integer" },
  { name: "charge", type: "number" },
  { name: "plan", type: "string", categorical: true },
  { name: "churned", type: "boolean", role: "label" },
];

describe("a column selector", () => {
  it("reads all forms and writes the full one", () => {
    expect(rulesOf("id")).toEqual([byNames(["id"])]);
    expect(rulesOf(["id", "plan"])).toEqual([byNames(["id", "plan"])]);
    const rules = rulesOf({ rules: [{ by: "all" }, { include: false, by: "names", value: ["id"] }] });
    expect(selectorOf(rules)).toEqual({ rules: [{ include: true, by: "all" }, { include: false, by: "names", value: ["id"] }] });
    expect(plainNames(rules)).toBeNull();
    expect(plainNames(rulesOf(["id"]))).toEqual(["id"]);
  });
  it("starts from all columns when its first rule excludes", () => {
    expect(choose(columns, [byNames(["id"], false)]).names).toEqual(["charge", "plan", "churned"]);
    expect(choose(columns, [byNames(["plan", "id"])]).names).toEqual(["id", "plan"]);
  });
  it("chooses by type, role and position", () => {
    expect(choose(columns, [{ include: true, by: "type", value: ["numeric"] }]).names).toEqual(["id", "charge"]);
    expect(choose(columns, [{ include: true, by: "type", value: ["categorical"] }]).names).toEqual(["plan"]);
    expect(choose(columns, [{ include: true, by: "role", value: ["label"] }]).names).toEqual(["churned"]);
    expect(choose(columns, [{ include: true, by: "range", value: "1-2,4" }]).names).toEqual(["id", "charge", "churned"]);
  });
  it("names what the table does not have", () => {
    expect(choose(columns, [byNames(["age"])])).toEqual({ names: [], missing: ["age"], beyond: null });
    expect(choose(columns, [{ include: true, by: "range", value: "3-9" }]).beyond).toBe(9);
    expect(choose([{ name: "x", type: "any" }], [{ include: true, by: "type", value: ["string"] }]).names).toBeNull();
  });
  it("reads ranges counted from one", () => {
    expect(positions("1-3,5")).toEqual([1, 2, 3, 5]);
    expect(positions("0-3")).toBeNull();
    expect(positions("3-1")).toBeNull();
  });
  it("is told in words", () => {
    expect(ruleText({ include: false, by: "type", value: ["string"] })).toBe("not string columns");
  });
});
