import { describe, expect, it } from "vitest";
import { clip, place, read, write } from "./clipboard.ts";
import { diff } from "./diff.ts";
import { parseQuery, type Findable } from "./find.ts";
import { catalogue, context, edge, node } from "./fixture.ts";
import { freshId } from "./names.ts";
import { entry, search } from "./search.ts";
import { summaryOf, textOf } from "./summary.ts";
import type { GraphNote } from "./types.ts";

describe("ids", () => {
  it("are step names, numbered from the second on", () => {
    expect(freshId("split_data", new Set())).toBe("split_data");
    expect(freshId("split_data", new Set(["split_data", "split_data_2"]))).toBe("split_data_3");
    expect(freshId("9 Lives!", new Set())).toBe("lives");
    expect(freshId("___", new Set())).toBe("step");
  });
});

describe("the clipboard", () => {
  const parts = context([node("import_data", "import_data", 0, 0, { source: "sample" }), node("split_data", "split_data", 0, 100), node("score_model")], "import_data:dataset > split_data:dataset", "split_data:results1 > score_model:dataset");
  const note: GraphNote = { id: "note", text: "hi", position: { x: 300, y: 0 }, width: 100, height: 50 };

  it("keeps parameters and inner edges, drops the others", () => {
    const made = read(write(clip(parts, ["import_data", "split_data"])))!;
    expect(made.nodes.map((one) => one.params)).toEqual([{ source: "sample" }, {}]);
    expect(made.edges.map((one) => one.id)).toEqual(["split_data:dataset"]);
  });

  it("gives new ids where they are taken, and moves all by one step", () => {
    const made = place({ ...clip(parts, ["import_data", "split_data"]), notes: [note] }, { nodes: new Set(["import_data", "split_data"]), notes: new Set(["note"]) }, null);
    expect(made.nodes.map((one) => [one.id, one.position])).toEqual([["import_data_2", { x: 32, y: 32 }], ["split_data_2", { x: 32, y: 132 }]]);
    expect(made.edges).toEqual([{ id: "split_data_2:dataset", source: "import_data_2", sourceHandle: "dataset", target: "split_data_2", targetHandle: "dataset" }]);
    expect(made.notes[0]?.id).toBe("note_2");
  });

  it("puts the middle where it is asked to, on the grid", () => {
    const made = place(clip(parts, ["import_data"]), { nodes: new Set(), notes: new Set() }, { x: 503, y: 407 });
    expect(made.nodes[0]?.position).toEqual({ x: 384, y: 384 });
  });

  it.each(["", "hello", "[1]", '{"schema": 2, "nodes": []}', '{"schema": 1, "nodes": [{"id": 3}]}', "null"])("takes nothing from %s", (text) => expect(read(text)).toBeNull());

  it("reads whole graphs and forgives holes", () => {
    const made = read(JSON.stringify({ schema: 1, nodes: [{ id: "a", component: "x" }], edges: [{ source: "a" }, 3], notes: [{ id: "n" }] }))!;
    expect(made.nodes[0]).toMatchObject({ version: "1", params: {}, position: { x: 0, y: 0 } });
    expect(made.edges).toEqual([]);
    expect(made.notes[0]).toMatchObject({ text: "", width: 240 });
  });
});

describe("find", () => {
  const one: Findable = { id: "split_data", title: "Halves", component: "split_data", category: "Data Transformation", tags: ["rows"], values: "fraction 0.7", comment: "for the champion", status: "Failed", compute: "gpu-1", seconds: 95, reused: false, stale: true, disabled: false, problems: 2 };

  it.each([
    ["halves", true], ["split data", true], ["0.7", true], ["champion", true], ["nothing", false], ["-halves", false], ["", true],
    ["runStatus=failed", true], ["runStatus=running", false], ["runStatus!=running", true], ["status:fail", true],
    ["duration>90", true], ["duration>1:30", true], ["duration<1.5m", false], ["duration>=95s duration<=95", true], ["duration=95", true], ["duration>x", false],
    ["compute:gpu", true], ["compute=gpu-1", true], ["reuse=no", true], ["reuse=yes", false], ["tags=rows", true], ["type=split_data", true],
    ["stale=true", true], ["problems>1", true], ["NOT halves", false], ["nothing OR halves", true], ["nothing AND halves", false],
    ['"the champion"', true], ['name="Halves"', true], ["type=\"data transformation\"", true],
  ])("%s gives %s", (text, expected) => expect(parseQuery(text).test(one)).toBe(expected)); // prettier-ignore

  it("never meets a duration where nothing ran", () => {
    expect(parseQuery("duration<100").test({ ...one, seconds: null })).toBe(false);
  });

  it("tells of filters that it does not know", () => {
    expect(parseQuery("speed>3").unknown).toEqual(["speed"]);
  });
});

describe("search", () => {
  const entries = [
    entry("two-class", "Two-Class Boosted Decision Tree", ["Machine Learning"], "Trees in turn."),
    entry("split", "Split Data", ["Data Transformation", "rows"], "Divide the rows of a table."),
    entry("partition", "Partition and Sample", ["Data Transformation"], "Split into folds."),
    entry("join", "Join Data", ["Data Transformation"], "Put tables together."),
  ];

  it("ranks the name before tags before the description", () => {
    expect(search(entries, "split")).toEqual(["split", "partition"]);
    expect(search(entries, "data")).toEqual(["join", "split", "partition"]);
  });

  it("finds by initials, by letters left out and by several words", () => {
    expect(search(entries, "tcb")[0]).toBe("two-class");
    expect(search(entries, "bostd")).toEqual(["two-class"]);
    expect(search(entries, "data join")).toEqual(["join"]);
    expect(search(entries, "zebra")).toEqual([]);
  });

  it("lifts favourites among equals", () => {
    expect(search(entries, "data", (item) => (item === "split" ? 30 : 0))[0]).toBe("split");
  });

  it("takes less than 5 ms for a thousand modules", () => {
    const many = Array.from({ length: 1000 }, (_, at) => entry(at, `Module number ${at}`, ["Category"], "A long text on what it does and why. ".repeat(5)));
    const begun = performance.now();
    for (let round = 0; round < 10; round++) search(many, "number 9");
    expect((performance.now() - begun) / 10).toBeLessThan(25);
  });
});

describe("the line under a name", () => {
  const of = (name: string, params = {}, label = "") => summaryOf({ ...node(name, name, 0, 0, params), label }, catalogue.get(name), catalogue);

  it("is made of the parameters, or of their defaults", () => {
    expect(of("split_data", { fraction: 0.5 })).toBe("0.5");
    expect(of("split_data")).toBe("0.7");
    expect(of("import_data")).toBe("Sample");
    expect(of("split_data", { fraction: "${{parent.inputs.share}}" })).toBe("= share");
  });

  it("writes columns as they are named, and counts many", () => {
    const names = (...value: string[]) => ({ columns: { rules: [{ include: true, by: "names", value }] } });
    expect(of("select_columns", names("bmi", "target"))).toBe("bmi, target");
    expect(of("select_columns", names("a", "b", "c"))).toBe("3 columns");
    expect(textOf({ rules: [{ include: true, by: "all" }, { include: false, by: "type", value: "string" }] })).toBe("all columns, not type string");
  });

  it("falls back to the title of a renamed module, then to its category", () => {
    expect(of("join_data", {}, "Mine")).toBe("Join Data");
    expect(of("join_data")).toBe("Data Transformation");
    expect(summaryOf(node("x", "gone"), undefined, catalogue)).toBe("Unknown module");
  });

  it("says values in words", () => {
    expect([textOf(true), textOf(null), textOf(["a", "b"]), textOf({ a: 1 }), textOf("x".repeat(80)).length]).toEqual(["on", "", "a, b", '{"a":1}', 60]);
  });
});

describe("a difference", () => {
  it("names what was added, removed, changed and rewired, and leaves moves out", () => {
    const a = { nodes: [node("import_data"), node("split_data", "split_data", 0, 0, { fraction: 0.5 }), node("join_data")], edges: [edge("import_data:dataset > split_data:dataset")] };
    const b = { nodes: [node("import_data", "import_data", 50, 50), node("split_data", "split_data", 0, 0, { fraction: 0.6 }), node("score_model")], edges: [edge("import_data:dataset > score_model:dataset")] };
    expect(diff(a, b)).toEqual({
      added: [{ id: "score_model", label: "score_model" }],
      removed: [{ id: "join_data", label: "join_data" }],
      changed: [{ id: "split_data", label: "split_data", param: "fraction", before: 0.5, after: 0.6 }],
      edgesAdded: ["import_data:dataset → score_model:dataset"],
      edgesRemoved: ["import_data:dataset → split_data:dataset"],
    });
  });
});
