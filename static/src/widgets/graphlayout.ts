/** Where the nodes of a pipeline stand and how its edges run: dagre for the places, ports and curves by ours. */
import { Graph, layout } from "@dagrejs/dagre";

export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 52;

export interface GraphNode {
  id: string;
  guid?: string;
  label: string;
  sub?: string;
  status: string;
  reused?: boolean;
  duration?: number | null;
  category?: string;
  url?: string;
}

export interface GraphEdge {
  source: string;
  target: string;
  sourcePort?: string;
  targetPort?: string;
  sourceType?: string;
  label?: string;
}

export interface RunGraph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface PlacedPort {
  x: number;
  y: number;
  type: string;
}

export interface Placed {
  nodes: Map<string, { x: number; y: number; rank: number }>;
  edges: { edge: GraphEdge; path: string; middle: { x: number; y: number } }[];
  ports: PlacedPort[];
  width: number;
  height: number;
  /** Ids from the first to the last, in the order a reader meets them. */
  order: string[];
}

export const portType = (type: string | undefined): string => {
  if (!type) return "any";
  if (["dataset", "uri_folder", "uri_file", "mltable"].includes(type)) return "dataset";
  if (["trained_model", "mlflow_model", "custom_model", "triton_model", "model"].includes(type)) return "model";
  if (type === "untrained_model" || type === "learner") return "learner";
  return ["transform", "metrics"].includes(type) ? type : "any";
};

export function place(graph: RunGraph): Placed {
  const plan = new Graph();
  plan.setGraph({ rankdir: "TB", nodesep: 40, ranksep: 56, marginx: 24, marginy: 24 });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) plan.setNode(node.id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const edges = graph.edges.filter((edge) => plan.hasNode(edge.source) && plan.hasNode(edge.target));
  for (const edge of edges) plan.setEdge(edge.source, edge.target);
  layout(plan);
  const nodes = new Map<string, { x: number; y: number; rank: number }>();
  const tops = [...new Set(graph.nodes.map(({ id }) => Math.round((plan.node(id) as { y: number }).y)))].sort((a, b) => a - b);
  for (const { id } of graph.nodes) {
    const spot = plan.node(id) as { x: number; y: number };
    nodes.set(id, { x: spot.x - NODE_WIDTH / 2, y: spot.y - NODE_HEIGHT / 2, rank: tops.indexOf(Math.round(spot.y)) });
  }
  const size = plan.graph() as { width?: number; height?: number };
  const order = [...nodes].sort(([, a], [, b]) => a.rank - b.rank || a.x - b.x).map(([id]) => id);
  return { nodes, ...wires(edges, nodes), width: size.width ?? 0, height: size.height ?? 0, order };
}

type Spots = Placed["nodes"];

function wires(edges: readonly GraphEdge[], nodes: Spots): Pick<Placed, "edges" | "ports"> {
  const outputs = new Map<string, string[]>();
  const inputs = new Map<string, { key: string; from: number }[]>();
  const outKey = (edge: GraphEdge): string => edge.sourcePort ?? edge.sourceType ?? "";
  edges.forEach((edge, at) => {
    const out = outputs.get(edge.source) ?? [];
    if (!out.includes(outKey(edge))) out.push(outKey(edge));
    outputs.set(edge.source, out);
    const into = inputs.get(edge.target) ?? [];
    const key = edge.targetPort ?? String(at);
    if (!into.some((one) => one.key === key)) into.push({ key, from: nodes.get(edge.source)!.x });
    inputs.set(edge.target, into);
  });
  // Inputs stand in the order of where they come from, so that edges cross less.
  for (const into of inputs.values()) into.sort((a, b) => a.from - b.from);
  const ports = new Map<string, PlacedPort>();
  const port = (id: string, at: number, of: number, side: "in" | "out", type: string): PlacedPort => {
    const spot = nodes.get(id)!;
    const key = `${id}/${side}/${at}`;
    let made = ports.get(key);
    if (!made) ports.set(key, (made = { x: spot.x + (NODE_WIDTH * (at + 1)) / (of + 1), y: spot.y + (side === "in" ? 0 : NODE_HEIGHT), type }));
    return made;
  };
  const drawn = edges.map((edge, at) => {
    const type = portType(edge.sourceType);
    const out = outputs.get(edge.source)!;
    const into = inputs.get(edge.target)!;
    const a = port(edge.source, out.indexOf(outKey(edge)), out.length, "out", type);
    const b = port(edge.target, into.findIndex((one) => one.key === (edge.targetPort ?? String(at))), into.length, "in", type);
    return { edge, path: curve(a, b), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
  });
  return { edges: drawn, ports: [...ports.values()] };
}

function curve(a: PlacedPort, b: PlacedPort): string {
  const bend = Math.max(24, Math.abs(b.y - a.y) / 2);
  return `M${a.x} ${a.y}C${a.x} ${a.y + bend} ${b.x} ${b.y - bend} ${b.x} ${b.y}`;
}

/** The node that an arrow key leads to: down and up along the edges, left and right within the row. */
export function neighbour(id: string, key: string, graph: RunGraph, placed: Placed): string | undefined {
  const here = placed.nodes.get(id);
  if (!here) return undefined;
  const near = (ids: string[]): string | undefined =>
    ids.filter((one) => placed.nodes.has(one)).sort((a, b) => Math.abs(placed.nodes.get(a)!.x - here.x) - Math.abs(placed.nodes.get(b)!.x - here.x))[0];
  if (key === "ArrowDown") return near(graph.edges.filter((edge) => edge.source === id).map((edge) => edge.target));
  if (key === "ArrowUp") return near(graph.edges.filter((edge) => edge.target === id).map((edge) => edge.source));
  const at = placed.order.indexOf(id);
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  return step ? placed.order[at + step] : undefined;
}
