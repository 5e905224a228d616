import { describe, expect, it } from "vitest";
import type { ModelPreview } from "../data/answers.ts";
import { compareMetrics, compareSettings, compareWeights, weightsOf } from "./comparingmodels.ts";

describe("two models", () => {
  it("have their weights aligned by feature, what differs most first", () => {
    const pairs = compareWeights([{ name: "age", value: 1 }, { name: "bmi", value: -4 }, { name: "sex", value: 2 }], [{ name: "bmi", value: 3 }, { name: "age", value: 1.5 }, { name: "bp", value: 9 }]);
    expect(pairs.map((pair) => [pair.name, pair.difference])).toEqual([["bmi", 7], ["age", 0.5], ["sex", null], ["bp", null]]);
    expect(pairs[0]).toMatchObject({ left: -4, right: 3, ranks: [1, 2] });
    expect(pairs.at(-1)).toMatchObject({ left: null, right: 9, ranks: [null, 1] });
  });
  it("keep the weights of one feature for two classes apart", () => {
    const pairs = compareWeights([{ name: "age", class: "a", value: 1 }, { name: "age", class: "b", value: 2 }], [{ name: "age", class: "b", value: 2 }]);
    expect(pairs.map((pair) => [pair.of, pair.difference])).toEqual([["b", 0], ["a", null]]);
  });
  it("have their clusters aligned by number", () => {
    const model = { centers: [[{ name: "x", value: 1 }], [{ name: "x", value: 5 }]] } as ModelPreview;
    expect(weightsOf(model, "centers").map((weight) => weight.class)).toEqual(["cluster 0", "cluster 1"]);
    expect(weightsOf(model, "importance")).toEqual([]);
  });
  it("show first what they were told differently", () => {
    expect(compareSettings({ trees: 20, label: "y" }, { label: "y", trees: 40, rate: 0.1 }).map((pair) => [pair.name, pair.differs])).toEqual([["trees", true], ["rate", true], ["label", false]]);
  });
});

describe("two evaluations", () => {
  it("have their metrics aligned by name, model by model", () => {
    const [left, right] = [[{ name: "scored", metrics: { AUC: 0.9, F1: 0.5, note: "x" } }], [{ name: "scored", metrics: { F1: 0.75, Recall: 1 } }]];
    expect(compareMetrics(left, right)).toEqual([
      { model: "", name: "AUC", left: 0.9, right: null, difference: null },
      { model: "", name: "F1", left: 0.5, right: 0.75, difference: 0.25 },
      { model: "", name: "Recall", left: null, right: 1, difference: null },
    ]);
    const two = compareMetrics([...left, { name: "other", metrics: { F1: 1 } }], right);
    expect(two.at(-1)).toEqual({ model: "other", name: "F1", left: 1, right: null, difference: null });
  });
});
