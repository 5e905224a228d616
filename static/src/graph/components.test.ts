import { describe, expect, it } from "vitest";
import { apart, partOf, portsOf, stepsOf, type Inside } from "./components.ts";
import { context, edge, node } from "./fixture.ts";
import type { Graph } from "./types.ts";

const NODES = [node("import_data"), node("split_data", "split_data", 0, 80, { fraction: "${{parent.inputs.share}}" }), node("join_data", "join_data", 0, 160), node("select_columns", "select_columns", 0, 240)];
const WIRES = ["import_data:dataset > split_data:dataset", "split_data:results1 > join_data:left", "import_data:dataset > join_data:right", "join_data:joined > select_columns:dataset"];
const parts = context(NODES, ...WIRES);
const chosen = new Set(["split_data", "join_data"]);

describe("modules that become a component", () => {
  it("have a port for each source outside, and for each output that leads out or is open", () => {
    const { inputs, outputs } = portsOf(parts, chosen);
    expect(inputs.map((port) => [port.name, port.ends.map((end) => end.node)])).toEqual([["dataset", ["split_data", "join_data"]]]);
    expect(outputs.map((port) => [port.name, port.outside.map((end) => end.node)])).toEqual([["results2", []], ["joined", ["select_columns"]]]);
  });

  it("take along only the parameters that they are bound to", () => {
    const share = { type: "number", default: 0.5 } as const;
    const part = partOf(parts, chosen, new Map([["share", share], ["other", share]]));
    expect(part.nodes.map((one) => one.id)).toEqual(["split_data", "join_data"]);
    expect(part.edges.map((one) => one.id)).toEqual(["join_data:left"]);
    expect(part.parameters).toEqual({ share });
  });
});

describe("a component", () => {
  const inner = [node("split_data", "split_data", 0, 0, { fraction: "${{parent.inputs.share}}" }), node("join_data", "join_data", 0, 80)];
  const graph: Graph = { schema: 1, nodes: inner, edges: [edge("split_data:results1 > join_data:left")], parameters: {}, notes: [], groups: [], settings: {} };
  const inside: Inside = {
    name: "halve", version: "1", title: "Halve", graph,
    inputs: { rows: [{ node: "split_data", port: "dataset" }, { node: "join_data", port: "right" }] },
    outputs: { joined: { node: "join_data", port: "joined" } },
    parameters: { share: 0.5 },
  }; // prettier-ignore

  it("comes apart where it stood, joined as it was, with its values and ids that are free", () => {
    const halve = node("halve", "halve", 320, 96, { share: 0.8 });
    const around = ["import_data:dataset > halve:rows", "halve:joined > select_columns:dataset"].map(edge);
    const made = apart(inside, halve, around, new Set(["split_data", "import_data", "halve"]));
    expect(made.nodes.map((one) => [one.id, one.position, one.params])).toEqual([
      ["split_data_2", { x: 320, y: 96 }, { fraction: 0.8 }],
      ["join_data", { x: 320, y: 176 }, {}],
    ]);
    expect(made.wires.map((wire) => `${wire.source}:${wire.sourceHandle} > ${wire.target}:${wire.targetHandle}`).sort()).toEqual([
      "import_data:dataset > join_data:right",
      "import_data:dataset > split_data_2:dataset",
      "join_data:joined > select_columns:dataset",
      "split_data_2:results1 > join_data:left",
    ]);
  });

  it("shows its steps by the names that they have in a run", () => {
    expect(stepsOf({ node: "halve_2", inside }).edges).toEqual([edge("halve_2/split_data:results1 > halve_2/join_data:left")]);
  });
});
