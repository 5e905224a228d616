import { describe, expect, it } from "vitest";
import { catalogue } from "./fixture.ts";
import { restingOf } from "./resting.ts";
import type { GraphEdge, GraphNode } from "./types.ts";

const made = (id: string, component: string, more: Partial<GraphNode> = {}): GraphNode => ({ id, component, version: "1", params: {}, position: { x: 0, y: 0 }, ...more });
const wire = (source: string, sourceHandle: string, target: string, targetHandle: string): GraphEdge => ({ id: `${target}:${targetHandle}`, source, sourceHandle, target, targetHandle });
const byId = <T extends { id: string }>(list: T[]): Map<string, T> => new Map(list.map((one) => [one.id, one]));
const EDGES = [wire("data", "dataset", "split", "dataset"), wire("split", "results1", "clean", "dataset"), wire("clean", "cleaned", "pick", "dataset")];
const resting = (change: Record<string, Partial<GraphNode>>, more: GraphEdge[] = []): Record<string, string> => {
  const nodes = [made("data", "import_data"), made("split", "split_data"), made("clean", "clean_missing_data"), made("pick", "select_columns")].map((node) => ({ ...node, ...change[node.id] }));
  const found = restingOf({ nodes: byId(nodes), edges: byId([...EDGES, ...more]), catalogue });
  return Object.fromEntries([...found].map(([id, { why, cause }]) => [id, `${why} ${cause}`]));
};
const pinned = { pinned: { run: "r1" } };

describe("what a run leaves out", () => {
  it("is nothing where nothing is disabled or pinned, or where another input stands in", () => {
    expect(resting({})).toEqual({});
    expect(resting({ clean: { disabled: true } })).toEqual({});
  });
  it("is all below a source that is disabled, as far as the next pin", () => {
    expect(resting({ data: { disabled: true } })).toEqual({ split: "disabled data", clean: "disabled data", pick: "disabled data" });
    expect(resting({ data: { disabled: true }, clean: pinned })).toEqual({ split: "disabled data" });
  });
  it("is all that only a pinned module needs", () => {
    expect(resting({ clean: pinned })).toEqual({ split: "pinned clean", data: "pinned clean" });
    expect(resting({ clean: pinned }, [wire("split", "results2", "pick", "dataset")])).toEqual({});
    expect(resting({ pick: { ...pinned, disabled: true } })).toEqual({});
  });
});
