import { describe, expect, it } from "vitest";
import type { Plan, PlannedStep } from "../data/answers.ts";
import { reasonsOf, requestOf, submissionOf, summaryOf } from "./planning.ts";

const step = (change: Partial<PlannedStep>): PlannedStep => ({ id: "split", title: "Split Data", action: "run", reason: "", because: [], ...change });
const plan = (change: Partial<Plan>): Plan => ({ steps: [], run: 0, reuse: 0, problems: [], ...change });
const wish = { mode: "all", nodes: ["split"], force: false, parameters: {} } as const;

describe("a plan", () => {
  it("is summed up with its time, or says that the time is not known", () => {
    expect(summaryOf(plan({ run: 4, reuse: 3, seconds: 12.4 }))).toBe("4 steps run, 3 reused, about 12 s");
    expect(summaryOf(plan({ run: 1, seconds: null }))).toBe("1 step runs, time not known yet");
    expect(summaryOf(plan({ reuse: 7 }))).toBe("Nothing runs, 7 reused");
  });
  it("gives every reason once and leaves out the names of steps", () => {
    const changed = "input changed: Split Data fraction 0.7 -> 0.8";
    expect(reasonsOf(step({ reason: changed, because: [changed] }))).toEqual(["Changed: Split Data fraction 0.7 → 0.8"]);
    expect(reasonsOf(step({ reason: "Split Data runs first", because: ["split_data"] }))).toEqual(["Split Data runs first"]);
  });
  it("asks for the chosen steps only where that is the mode", () => {
    expect(requestOf(wish)).toEqual({ mode: "all" });
    expect(requestOf({ ...wish, mode: "to", force: true, parameters: { seed: 1 } })).toEqual({ mode: "to", nodes: ["split"], force_rerun: true, parameters: { seed: 1 } });
    expect(submissionOf(wish, { experiment: "churn", name: "" })).toEqual({ mode: "all", experiment: "churn" });
  });
});
