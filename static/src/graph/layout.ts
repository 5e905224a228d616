/** Layouts: dagre at once for a few, elk (given by the caller, in its worker) for "Arrange". */
import { GRID, NODE_HEIGHT, NODE_WIDTH, snap } from "./arrange.ts";
import type { GraphEdge, GraphNode, Point } from "./types.ts";

export interface ElkGraph {
  id: string;
  layoutOptions: Record<string, string>;
  children: { id: string; width: number; height: number; layoutOptions: Record<string, string>; ports: { id: string; width: number; height: number; layoutOptions: Record<string, string> }[] }[];
  edges: { id: string; sources: string[]; targets: string[] }[];
}

export interface Ports {
  inputs: readonly string[];
  outputs: readonly string[];
}

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.layered.spacing.nodeNodeBetweenLayers": "56",
  "elk.spacing.nodeNode": "40",
  "elk.spacing.componentComponent": "64",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
};

/** The graph as elk reads it: ports in their order, inputs above and outputs below. */
export function elkGraph(nodes: readonly GraphNode[], edges: readonly GraphEdge[], portsOf: (node: GraphNode) => Ports): ElkGraph {
  const known = new Map(nodes.map((node) => [node.id, portsOf(node)]));
  const port = (id: string, side: string, index: number) => ({ id, width: 1, height: 1, layoutOptions: { "elk.port.side": side, "elk.port.index": String(index) } });
  return {
    id: "root",
    layoutOptions: OPTIONS,
    children: nodes.map((node) => {
      const { inputs, outputs } = known.get(node.id)!;
      return {
        id: node.id,
        width: NODE_WIDTH,
        height: NODE_HEIGHT,
        layoutOptions: { "elk.portConstraints": "FIXED_ORDER" },
        // elk counts ports clockwise, so the lower side runs from right to left
        ports: [...inputs.map((name, at) => port(`${node.id}/in/${name}`, "NORTH", at)), ...outputs.map((name, at) => port(`${node.id}/out/${name}`, "SOUTH", outputs.length - 1 - at))],
      };
    }),
    edges: edges.flatMap((edge) => {
      const [from, to] = [known.get(edge.source), known.get(edge.target)];
      if (!from || !to) return [];
      const source = from.outputs.includes(edge.sourceHandle) ? `${edge.source}/out/${edge.sourceHandle}` : edge.source;
      const target = to.inputs.includes(edge.targetHandle) ? `${edge.target}/in/${edge.targetHandle}` : edge.target;
      return [{ id: edge.id, sources: [source], targets: [target] }];
    }),
  };
}

/** Places around the same middle as before, on the grid. */
export function recentre(nodes: readonly GraphNode[], places: ReadonlyMap<string, Point>, keep: "middle" | "corner" = "corner"): Map<string, Point> {
  const old = nodes.map((node) => node.position);
  const fresh = nodes.flatMap((node) => places.get(node.id) ?? []);
  if (!fresh.length) return new Map();
  const low = (points: readonly Point[], axis: "x" | "y"): number => Math.min(...points.map((point) => point[axis]));
  const mid = (points: readonly Point[], axis: "x" | "y"): number => (low(points, axis) + Math.max(...points.map((point) => point[axis]))) / 2;
  const of = keep === "corner" ? low : mid;
  const [dx, dy] = [of(old, "x") - of(fresh, "x"), low(old, "y") - low(fresh, "y")];
  return new Map([...places].map(([id, at]) => [id, { x: snap(at.x + dx, GRID), y: snap(at.y + dy, GRID) }]));
}

/** Dagre, for a tidy-up that is there at once. */
export async function tidy(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Promise<Map<string, Point>> {
  const { Graph, layout } = await import("@dagrejs/dagre");
  const plan = new Graph();
  plan.setGraph({ rankdir: "TB", nodesep: 40, ranksep: 56 });
  plan.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map((node) => node.id));
  for (const node of nodes) plan.setNode(node.id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const edge of edges) if (known.has(edge.source) && known.has(edge.target)) plan.setEdge(edge.source, edge.target);
  layout(plan);
  const places = new Map(nodes.map((node) => [node.id, { x: plan.node(node.id).x - NODE_WIDTH / 2, y: plan.node(node.id).y - NODE_HEIGHT / 2 }] as const));
  return recentre(nodes, places, "middle");
}
