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
  /** Where to look first when the whole is too large to be read at once. */
  start?: string;
}

export interface PlacedPort {
  x: number;
  y: number;
  type: string;
}

export interface Placed {
  nodes: Map<string, { x: number; y: number; rank: number }>;
  /** `far` marks an edge that passes behind other rows. */
  edges: { edge: GraphEdge; path: string; far: boolean; middle: { x: number; y: number } }[];
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

/** A node with more neighbours on one side than this would make a row that nobody can read. */
const ABREAST = 8;
const [GAP_X, GAP_Y, MARGIN] = [40, 56, 24];
const FAR = 2 * (NODE_HEIGHT + GAP_Y);

interface Spot {
  x: number;
  y: number;
}

interface Block {
  spots: Map<string, Spot>;
  width: number;
  height: number;
}

export function place(graph: RunGraph): Placed {
  const ids = new Set(graph.nodes.map(({ id }) => id));
  const edges = graph.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
  const hubs = hubsOf(edges);
  const { spots, width, height } = hubs.length ? packed([...ids], edges, hubs) : arranged([...ids], edges);
  const tops = [...new Set([...spots.values()].map(({ y }) => Math.round(y)))].sort((a, b) => a - b);
  const nodes = new Map([...spots].map(([id, { x, y }]) => [id, { x, y, rank: tops.indexOf(Math.round(y)) }]));
  const order = [...nodes].sort(([, a], [, b]) => a.rank - b.rank || a.x - b.x).map(([id]) => id);
  return { nodes, ...wires(edges, nodes), width, height, order };
}

/** The nodes with too many neighbours on one side, in the order of the flow. */
function hubsOf(edges: readonly GraphEdge[]): string[] {
  const wide = new Set<string>();
  for (const side of ["source", "target"] as const) {
    const other = side === "source" ? "target" : "source";
    const near = new Map<string, Set<string>>();
    for (const edge of edges) near.set(edge[side], (near.get(edge[side]) ?? new Set()).add(edge[other]));
    for (const [id, found] of near) if (found.size > ABREAST) wide.add(id);
  }
  const ahead = new Map<string, number>();
  const count = (id: string, path: Set<string>): number => {
    const known = ahead.get(id);
    if (known !== undefined || path.has(id)) return known ?? 0;
    path.add(id);
    const depths = edges.filter((edge) => edge.target === id).map((edge) => count(edge.source, path) + 1);
    path.delete(id);
    const depth = Math.max(0, ...depths);
    ahead.set(id, depth);
    return depth;
  };
  return [...wide].sort((a, b) => count(a, new Set()) - count(b, new Set()) || (a < b ? -1 : 1));
}

/** Lay out what hangs together without its hubs by itself, and set these blocks in rows around the hubs. */
function packed(ids: readonly string[], edges: readonly GraphEdge[], hubs: readonly string[]): Block {
  const home = new Map<string, string>();
  const root = (id: string): string => {
    const above = home.get(id);
    return above === undefined || above === id ? id : root(above);
  };
  const inner = edges.filter((edge) => !hubs.includes(edge.source) && !hubs.includes(edge.target));
  for (const edge of inner) home.set(root(edge.source), root(edge.target));
  const groups = new Map<string, string[]>();
  for (const id of ids) if (!hubs.includes(id)) groups.set(root(id), [...(groups.get(root(id)) ?? []), id]);
  const blocks = new Map([...groups].map(([key, members]) => [key, arranged(members, inner.filter((edge) => root(edge.source) === key), 0)]));
  const area = [...blocks.values()].reduce((sum, block) => sum + (block.width + GAP_X) * (block.height + GAP_Y), 0);
  const most = Math.max(ABREAST * (NODE_WIDTH + GAP_X), Math.sqrt(area) * 1.5);
  const shelf = new Shelf(most);
  for (const hub of hubs) {
    for (const edge of edges) if (edge.target === hub && !hubs.includes(edge.source)) shelf.take(blocks, root(edge.source));
    shelf.breakRow();
    shelf.add({ spots: new Map([[hub, { x: 0, y: 0 }]]), width: NODE_WIDTH, height: NODE_HEIGHT });
    shelf.breakRow();
  }
  for (const key of [...blocks.keys()]) shelf.take(blocks, key);
  shelf.breakRow();
  return shelf.done();
}

class Shelf {
  private readonly spots = new Map<string, Spot>();
  private row: Block[] = [];
  private used = 0;
  private y = MARGIN;

  constructor(private readonly most: number) {}

  take(blocks: Map<string, Block>, key: string): void {
    const block = blocks.get(key);
    if (!block) return;
    blocks.delete(key);
    if (this.row.length && this.used + block.width > this.most) this.breakRow();
    this.add(block);
  }

  add(block: Block): void {
    this.row.push(block);
    this.used += block.width + GAP_X;
  }

  breakRow(): void {
    if (!this.row.length) return;
    let x = MARGIN + Math.max(0, (this.most - (this.used - GAP_X)) / 2);
    for (const block of this.row) {
      for (const [id, spot] of block.spots) this.spots.set(id, { x: x + spot.x, y: this.y + spot.y });
      x += block.width + GAP_X;
    }
    this.y += Math.max(...this.row.map((block) => block.height)) + GAP_Y;
    this.row = [];
    this.used = 0;
  }

  done(): Block {
    const right = Math.max(...[...this.spots.values()].map(({ x }) => x + NODE_WIDTH));
    return { spots: this.spots, width: Math.max(this.most, right) + MARGIN, height: this.y - GAP_Y + MARGIN };
  }
}

function arranged(ids: readonly string[], edges: readonly GraphEdge[], margin = MARGIN): Block {
  const plan = new Graph();
  plan.setGraph({ rankdir: "TB", nodesep: GAP_X, ranksep: GAP_Y, marginx: margin, marginy: margin });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) plan.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const edge of edges) plan.setEdge(edge.source, edge.target);
  layout(plan);
  const spots = new Map<string, Spot>();
  for (const id of ids) {
    const spot = plan.node(id) as Spot;
    spots.set(id, { x: spot.x - NODE_WIDTH / 2, y: spot.y - NODE_HEIGHT / 2 });
  }
  const size = plan.graph() as { width?: number; height?: number };
  return { spots, width: size.width ?? 0, height: size.height ?? 0 };
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
    const far = b.y - a.y > FAR;
    return { edge, path: curve(a, b), far, middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
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
  const distance = ({ x, y }: { x: number; y: number }): number => Math.hypot(x - here.x, y - here.y);
  const near = (ids: string[]): string | undefined =>
    ids.filter((one) => placed.nodes.has(one)).sort((a, b) => distance(placed.nodes.get(a)!) - distance(placed.nodes.get(b)!))[0];
  if (key === "ArrowDown") return near(graph.edges.filter((edge) => edge.source === id).map((edge) => edge.target));
  if (key === "ArrowUp") return near(graph.edges.filter((edge) => edge.target === id).map((edge) => edge.source));
  const at = placed.order.indexOf(id);
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  return step ? placed.order[at + step] : undefined;
}
