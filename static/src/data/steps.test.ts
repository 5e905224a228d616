import { describe, expect, it } from "vitest";
import { blank, History, isShown, moved, type StepSpec, unfolded } from "./steps.ts";

const SAMPLE: StepSpec = {
  op: "sample",
  title: "Sample rows",
  doc: "",
  group: "Rows",
  fields: [
    { name: "how", kind: "choice", label: "Take", default: "first", choices: { first: "the first", share: "a share" } },
    { name: "rows", kind: "integer", label: "Rows", default: 1000, when: { how: ["first"] } },
    { name: "seed", kind: "integer", label: "Seed" },
  ],
};

describe("steps", () => {
  it("begin with the defaults of their form", () => {
    expect(blank(SAMPLE)).toEqual({ op: "sample", how: "first", rows: 1000 });
  });

  it("show a field only where the field before says so", () => {
    const rows = SAMPLE.fields[1]!;
    expect(isShown(rows, { op: "sample" }, SAMPLE)).toBe(true);
    expect(isShown(rows, { op: "sample", how: "share" }, SAMPLE)).toBe(false);
  });

  it("move to another place", () => {
    const steps = [{ op: "a" }, { op: "b" }, { op: "c" }];
    expect(moved(steps, 0, 2).map((step) => step.op)).toEqual(["b", "c", "a"]);
    expect(moved(steps, 2, 0).map((step) => step.op)).toEqual(["c", "a", "b"]);
  });

  it("know the columns before each step", () => {
    expect(unfolded([[["a", "integer"]], null, [["b", "string"]]])).toEqual([[["a", "integer"]], [["a", "integer"]], [["b", "string"]]]);
  });
});

describe("history", () => {
  it("goes back and forth", () => {
    const history = new History("a");
    history.set("b");
    history.set("c");
    history.undo();
    history.undo();
    expect([history.now, history.canUndo, history.canRedo]).toEqual(["a", false, true]);
    history.redo();
    history.set("d");
    expect([history.now, history.canRedo]).toEqual(["d", false]);
  });

  it("takes what is typed into one field as one change", () => {
    const history = new History("");
    for (const text of ["x", "xy", "xyz"]) history.set(text, "0.name");
    history.undo();
    expect(history.now).toBe("");
  });
});
