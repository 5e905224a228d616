import { describe, expect, it } from "vitest";
import { catalogue, edge, node } from "../../graph/fixture.ts";
import type { GraphNote } from "../../graph/types.ts";
import { EMPTY, type Snapshot } from "../store/snapshot.ts";
import { ViewBuilder } from "./view.ts";
import { bucketOf } from "./zoom.ts";

const snapshot = (change: Partial<Snapshot> = {}): Snapshot => ({
  ...EMPTY,
  nodes: new Map([node("import_data"), { ...node("split_data", "split_data", 0, 100), group: "g" }, { ...node("score_model", "score_model", 0, 200), group: "g" }].map((one) => [one.id, one])),
  edges: new Map(["import_data:dataset > split_data:dataset", "split_data:results1 > score_model:dataset"].map(edge).map((one) => [one.id, one])),
  groups: new Map([["g", { id: "g", label: "Group" }]]),
  ...change,
});

describe("the view", () => {
  it("keeps what did not change the same object", () => {
    const builder = new ViewBuilder();
    const start = snapshot();
    const before = builder.build(start, catalogue, null);
    const moved = { ...start.nodes.get("import_data")!, position: { x: 8, y: 8 } };
    const after = builder.build({ ...start, nodes: new Map([...start.nodes, ["import_data", moved]]) }, catalogue, null);
    expect(after.nodes.get("split_data")).toBe(before.nodes.get("split_data"));
    expect(after.nodes.get("import_data")).not.toBe(before.nodes.get("import_data"));
    expect(after.edges.get("split_data:dataset")).toBe(before.edges.get("split_data:dataset"));
  });

  it("folds a group into one node with the ports that lead outside", () => {
    const view = new ViewBuilder().build(snapshot({ groups: new Map([["g", { id: "g", label: "Group", collapsed: true }]]) }), catalogue, null);
    expect([...view.nodes.keys()]).toEqual(["group:g", "import_data"]);
    expect(view.nodes.get("group:g")?.data).toMatchObject({ inputs: [{ id: "split_data:dataset", type: "dataset" }], outputs: [] });
    expect([...view.edges.values()].map((one) => [one.source, one.target, one.targetHandle])).toEqual([["import_data", "group:g", "split_data:dataset"]]);
  });

  it("shows the inside of a group alone", () => {
    expect([...new ViewBuilder().build(snapshot(), catalogue, "g").nodes.keys()]).toEqual(["split_data", "score_model"]);
  });

  it("draws frames below notes below modules", () => {
    const note = { id: "note", text: "", position: { x: 0, y: 0 }, width: 10, height: 10 };
    const view = new ViewBuilder().build(snapshot({ notes: new Map<string, GraphNote>([["note", note], ["frame", { ...note, id: "frame", frame: true }]]) }), catalogue, null);
    expect([view.nodes.get("frame")?.zIndex, view.nodes.get("group:g")?.zIndex, view.nodes.get("note")?.zIndex]).toEqual([-20, -10, 0]);
  });
});

describe("zoom", () => {
  it("leaves small words out from afar", () => expect([1, 0.4, 0.2].map(bucketOf)).toEqual(["near", "far", "blocks"]));
});
