/** A small catalogue and graphs for the tests of this folder. */
import { Catalogue } from "./catalogue.ts";
import type { Component, GraphEdge, GraphNode, Params, PortSpec } from "./types.ts";
import { edgeId } from "./types.ts";

const ports = (...list: [string, string][]): PortSpec[] => list.map(([name, type]) => ({ name, type, label: name[0]!.toUpperCase() + name.slice(1) }));

function component(name: string, inputs: PortSpec[], outputs: PortSpec[], more: Partial<Component> = {}): Component {
  const title = name.split("_").map((word) => word[0]!.toUpperCase() + word.slice(1)).join(" ");
  return { name, version: "1", title, category: "Data Transformation", summary: "", doc: "", inputs, outputs, params: [], ...more };
}

export const catalogue = new Catalogue({
  categories: ["Data Transformation", "Machine Learning"],
  components: [
    component("import_data", [], ports(["dataset", "dataset"]), { category: "Data Input and Output", summary: "{source}", params: [{ name: "source", type: "enum", default: "sample" }] }),
    component("split_data", ports(["dataset", "dataset"]), ports(["results1", "dataset"], ["results2", "dataset"]), { doc: "Divide the rows.", summary: "{fraction}", params: [{ name: "fraction", type: "number", default: 0.7 }] }),
    component("clean_missing_data", ports(["dataset", "dataset"]), ports(["cleaned", "dataset"], ["transform", "transform"])),
    component("select_columns", ports(["dataset", "dataset"]), ports(["results", "dataset"]), { summary: "{columns}", params: [{ name: "columns", type: "columns" }] }),
    component("join_data", ports(["left", "dataset"], ["right", "dataset"]), ports(["joined", "dataset"])),
    component("linear_regression", [], ports(["learner", "untrained_model"]), { category: "Machine Learning" }),
    component("train_model", ports(["learner", "untrained_model"], ["dataset", "dataset"]), ports(["model", "trained_model"]), { category: "Machine Learning" }),
    component("score_model", ports(["model", "trained_model"], ["dataset", "dataset"]), ports(["scored", "dataset"]), { category: "Machine Learning" }),
    component("export_any", ports(["anything", "any"]), []),
  ],
  data: [],
  models: [],
  transforms: [],
  fits: {},
});

export const node = (id: string, componentName = id.replace(/_\d+$/, ""), x = 0, y = 0, params: Params = {}): GraphNode => ({ id, component: componentName, version: "1", params, position: { x, y } });

/** "a:out > b:in" */
export function edge(text: string): GraphEdge {
  const [from, to] = text.split(" > ") as [string, string];
  const [source, sourceHandle] = from.split(":") as [string, string];
  const [target, targetHandle] = to.split(":") as [string, string];
  return { id: edgeId(target, targetHandle), source, sourceHandle, target, targetHandle };
}

export const context = (nodes: GraphNode[], ...edges: string[]) => ({
  catalogue,
  nodes: new Map(nodes.map((one) => [one.id, one])),
  edges: new Map(edges.map(edge).map((one) => [one.id, one])),
  notes: new Map(),
});
