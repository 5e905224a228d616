import { describe, expect, it } from "vitest";
import type { TablePreview, TreeNode } from "../data/answers.ts";
import { splitHint } from "../panel/hints.ts";
import { portOf } from "../panel/upstream.ts";
import { compareTables } from "./comparing.ts";
import { curvesOf } from "./figures.ts";
import { barsOf, headOf, percent } from "./profiles.ts";
import { depthOf, layTree } from "./treelayout.ts";

const table = (profile: TablePreview["profile"], rows = 100): TablePreview => ({ kind: "table", rows, columns: profile!.length, start: 0, shown: [], profile: profile!, data: [] });

describe("two tables", () => {
  it("differ by column: added, removed, another type, other values", () => {
    const a = table([{ name: "id", type: "integer", mean: 1 }, { name: "plan", type: "string" }, { name: "old", type: "number" }, { name: "age", type: "number", mean: 3 }]);
    const b = table([{ name: "id", type: "integer", mean: 1 }, { name: "plan", type: "string", categorical: true }, { name: "new", type: "number" }, { name: "age", type: "number", mean: 4 }]);
    const kinds = Object.fromEntries(compareTables(a, b).map((change) => [change.name, change.kind]));
    expect(kinds).toEqual({ id: "same", plan: "type", old: "removed", new: "added", age: "values" });
  });
  it("are the same in spite of rounding", () => {
    const [a, b] = [table([{ name: "x", type: "number", mean: 0.1 + 0.2 }]), table([{ name: "x", type: "number", mean: 0.3 }])];
    expect(compareTables(a, b)[0]!.kind).toBe("same");
  });
});

describe("a column's head", () => {
  it("tells first what is missing, else what is typical", () => {
    expect(headOf({ name: "calls", type: "integer", missing: 21, mean: 2 }, 1000).note).toBe("int · 2.1% missing");
    expect(headOf({ name: "tenure", type: "integer", mean: 27.4 }, 1000).note).toBe("int · mean 27.4");
    expect(headOf({ name: "plan", type: "string", categorical: true, distinct: 5 }, 1000).note).toBe("category · 5 values");
    expect(headOf({ name: "churned", type: "boolean", top: [{ value: true, count: 186 }] }, 1000).note).toBe("bool · 18.6% true");
    expect(percent(0.0002)).toBe("<0.1%");
  });
  it("has bars of the most frequent values, but none where each is its own", () => {
    expect(barsOf({ name: "plan", type: "string", distinct: 2, top: [{ value: "a", count: 3 }, { value: "b", count: 1 }] })).toHaveLength(2);
    expect(barsOf({ name: "id", type: "string", distinct: 900, top: [{ value: "a", count: 1 }, { value: "b", count: 1 }] })).toEqual([]);
  });
});

describe("a tree", () => {
  const leaf: TreeNode = { rows: 1, value: 0 };
  const tree: TreeNode = { rows: 4, feature: "x", threshold: 1, left: leaf, right: { rows: 3, feature: "y", threshold: 2, left: leaf, right: leaf } };
  it("puts each split above the middle of its two, down to a depth", () => {
    expect(depthOf(tree)).toBe(2);
    const { placed } = layTree(tree, 2);
    const [root, left, right] = placed;
    expect(root!.x).toBe((left!.x + right!.x) / 2);
    expect(layTree(tree, 1).placed.map((each) => each.isCut)).toEqual([false, false, true]);
  });
});

describe("an evaluation", () => {
  it("has a curve for each model and a line of chance", () => {
    const roc = { fpr: [0, 1], tpr: [0, 1] };
    const figures = curvesOf([{ name: "a", metrics: { AUC: 0.9 }, roc }, { name: "b", metrics: {}, roc }]);
    expect(figures.map((each) => each.title)).toEqual(["ROC"]);
    expect(figures[0]!.figure.data.map((trace) => trace.name)).toEqual(["a (0.900)", "b", "chance"]);
  });
  it("has a histogram of errors from counts and edges", () => {
    const [errors] = curvesOf([{ name: "a", metrics: {}, error_histogram: { counts: [1, 2], edges: [0, 2, 4] } }]);
    expect(errors!.figure.data[0]!.x).toEqual([1, 3]);
  });
});

describe("a field", () => {
  it("says how many rows a fraction comes to", () => {
    expect(splitHint("split_data", "fraction", 0.8, 398_112)).toBe("318,489 rows to output 1 and 79,623 to output 2");
    expect(splitHint("split_data", "fraction", 0.29, 100)).toBe("29 rows to output 1 and 71 to output 2");
    expect(splitHint("join_data", "fraction", 0.5, 10)).toBeNull();
  });
  it("speaks of the input that it names, else of the first table", () => {
    const inputs = [{ name: "left", type: "dataset" }, { name: "right", type: "dataset" }];
    expect(portOf(inputs, { name: "right_keys" })?.name).toBe("right");
    expect(portOf(inputs, { name: "columns", port: "right" })?.name).toBe("right");
    expect(portOf([{ name: "learner", type: "untrained_model" }, ...inputs], { name: "label" })?.name).toBe("left");
  });
});
