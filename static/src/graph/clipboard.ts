/** Copied nodes as readable JSON, so they travel between drafts, tabs and text editors. */
import { freshId } from "./names.ts";
import type { GraphEdge, GraphNode, GraphNote, Point, Wire } from "./types.ts";
import { edgeId } from "./types.ts";

const KIND = "officina-graph";

export interface Clip {
  nodes: GraphNode[];
  edges: GraphEdge[];
  notes: GraphNote[];
}

interface Parts {
  nodes: ReadonlyMap<string, GraphNode>;
  edges: ReadonlyMap<string, GraphEdge>;
  notes: ReadonlyMap<string, GraphNote>;
}

/** The selected nodes and notes with the edges between them. */
export function clip({ nodes, edges, notes }: Parts, ids: Iterable<string>): Clip {
  const wanted = new Set(ids);
  return {
    nodes: [...nodes.values()].filter((node) => wanted.has(node.id)),
    edges: [...edges.values()].filter((edge) => wanted.has(edge.source) && wanted.has(edge.target)),
    notes: [...notes.values()].filter((note) => wanted.has(note.id)),
  };
}

export const write = (clip: Clip): string => JSON.stringify({ kind: KIND, schema: 1, ...clip }, null, 2);

/** Read what was pasted; null when it is something else. Whole graphs are taken too. */
export function read(text: string): Clip | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(data) || data["schema"] !== 1 || !Array.isArray(data["nodes"])) return null;
  const nodes = data["nodes"].flatMap((item): GraphNode[] => {
    if (!isRecord(item) || typeof item["id"] !== "string" || typeof item["component"] !== "string") return [];
    const node = { ...item, version: String(item["version"] ?? "1"), params: isRecord(item["params"]) ? item["params"] : {}, position: pointOf(item["position"]) };
    return [node as unknown as GraphNode];
  });
  const edges = list(data["edges"]).flatMap((item): GraphEdge[] => {
    const { source, sourceHandle, target, targetHandle } = item as Partial<Wire>;
    if (![source, sourceHandle, target, targetHandle].every((end) => typeof end === "string")) return [];
    return [{ id: edgeId(target!, targetHandle!), source: source!, sourceHandle: sourceHandle!, target: target!, targetHandle: targetHandle! }];
  });
  const notes = list(data["notes"]).flatMap((item): GraphNote[] => (typeof item["id"] === "string" ? [{ width: 240, height: 120, ...item, text: String(item["text"] ?? ""), position: pointOf(item["position"]) } as unknown as GraphNote] : []));
  return nodes.length || notes.length ? { nodes, edges, notes } : null;
}

/** The clip with new ids, moved so that its middle lies at `at`, or by one step when there is no place. */
export function place(clip: Clip, taken: { nodes: ReadonlySet<string>; notes: ReadonlySet<string> }, at: Point | null, step = 32): Clip {
  const ids = new Map<string, string>();
  const [used, usedNotes] = [new Set(taken.nodes), new Set(taken.notes)];
  for (const node of clip.nodes) {
    const id = freshId(node.component, used);
    used.add(id);
    ids.set(node.id, id);
  }
  const delta = at ? shift(clip, at) : { x: step, y: step };
  const moved = (point: Point): Point => ({ x: point.x + delta.x, y: point.y + delta.y });
  return {
    nodes: clip.nodes.map(({ group: _, pinned: __, ...node }) => ({ ...node, id: ids.get(node.id)!, position: moved(node.position) })),
    edges: clip.edges.flatMap((edge): GraphEdge[] => {
      const [source, target] = [ids.get(edge.source), ids.get(edge.target)];
      return source && target ? [{ ...edge, id: edgeId(target, edge.targetHandle), source, target }] : [];
    }),
    notes: clip.notes.map((note) => {
      const id = freshId(note.frame ? "frame" : "note", usedNotes);
      usedNotes.add(id);
      return { ...note, id, position: moved(note.position) };
    }),
  };
}

function shift(clip: Clip, at: Point): Point {
  const boxes = [...clip.nodes.map((node) => ({ ...node.position, w: 232, h: 52 })), ...clip.notes.map((note) => ({ ...note.position, w: note.width, h: note.height }))];
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.w));
  const bottom = Math.max(...boxes.map((box) => box.y + box.h));
  const round = (value: number): number => Math.round(value / 8) * 8;
  return { x: round(at.x - (left + right) / 2), y: round(at.y - (top + bottom) / 2) };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const finite = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const pointOf = (value: unknown): Point => (isRecord(value) ? { x: finite(value["x"]), y: finite(value["y"]) } : { x: 0, y: 0 });
