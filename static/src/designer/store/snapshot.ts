/** Reads the Y.Doc into plain values; only what changed is read again, so identities hold still. */
import type { AbstractType, Doc, Map as YjsMap, YEvent } from "yjs";
import type { Graph, GraphEdge, GraphGroup, GraphNode, GraphNote, GraphSettings, Json, PipelineParameter, Wire } from "../../graph/types.ts";
import { Y } from "./yjs.ts";

export interface Snapshot {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly edges: ReadonlyMap<string, GraphEdge>;
  readonly notes: ReadonlyMap<string, GraphNote>;
  readonly groups: ReadonlyMap<string, GraphGroup>;
  readonly parameters: ReadonlyMap<string, PipelineParameter>;
  readonly settings: GraphSettings;
}

export type Part = "nodes" | "edges" | "notes" | "groups" | "parameters";
export const PARTS: readonly Part[] = ["nodes", "edges", "notes", "groups", "parameters"];

export const EMPTY: Snapshot = {
  nodes: new Map(),
  edges: new Map(),
  notes: new Map(),
  groups: new Map(),
  parameters: new Map(),
  settings: {},
};

const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function readNode(id: string, map: YjsMap<unknown>): GraphNode {
  const params = map.get("params");
  const node: GraphNode = {
    id,
    component: String(map.get("component") ?? ""),
    version: String(map.get("version") ?? "1"),
    params: (params instanceof Y.Map ? params.toJSON() : {}) as Record<string, Json>,
    position: { x: number(map.get("x")), y: number(map.get("y")) },
  };
  for (const key of ["label", "comment", "group", "compute"] as const) {
    const value = text(map.get(key));
    if (value !== undefined) node[key] = value;
  }
  if (map.get("disabled")) node.disabled = true;
  if (map.get("forceRerun")) node.forceRerun = true;
  const run = text((map.get("pinned") as { run?: unknown } | null | undefined)?.run);
  if (run !== undefined) node.pinned = { run };
  return node;
}

/** An edge is a plain value under the name of the input that it ends in. */
function readEdge(id: string, value: Partial<Wire>): GraphEdge {
  const at = id.indexOf(":");
  return { id, source: value.source ?? "", sourceHandle: value.sourceHandle ?? "", target: id.slice(0, at), targetHandle: id.slice(at + 1) };
}

function readNote(id: string, map: YjsMap<unknown>): GraphNote {
  const note: GraphNote = {
    id,
    text: String(map.get("text") ?? ""),
    position: { x: number(map.get("x")), y: number(map.get("y")) },
    width: number(map.get("width")) || 240,
    height: number(map.get("height")) || 120,
  };
  if (map.get("frame")) note.frame = true;
  const color = text(map.get("color"));
  if (color) note.color = color;
  return note;
}

const READERS: { [P in Exclude<Part, "edges">]: (id: string, map: YjsMap<unknown>) => unknown } = {
  nodes: readNode,
  notes: readNote,
  groups: (id, map) => ({ ...map.toJSON(), id, label: String(map.get("label") ?? "Group") }),
  parameters: (_, map) => map.toJSON(),
};

function readEntry(part: Part, id: string, value: unknown): unknown {
  if (part === "edges") return typeof value === "object" && value !== null ? readEdge(id, value instanceof Y.Map ? value.toJSON() : value) : undefined;
  return value instanceof Y.Map ? READERS[part](id, value) : undefined;
}

export function readPart(doc: Doc, part: Part): Map<string, unknown> {
  const values = new Map<string, unknown>();
  doc.getMap<unknown>(part).forEach((held, id) => {
    const value = readEntry(part, id, held);
    if (value !== undefined) values.set(id, value);
  });
  return values;
}

export function readAll(doc: Doc): Snapshot {
  const parts = Object.fromEntries(PARTS.map((part) => [part, readPart(doc, part)]));
  return { ...(parts as unknown as Omit<Snapshot, "settings">), settings: doc.getMap("settings").toJSON() as GraphSettings };
}

/** Read again only the entries that these events touched. */
export function reread(doc: Doc, before: Snapshot, part: Part, events: readonly YEvent<AbstractType<unknown>>[]): Snapshot {
  const root = doc.getMap<unknown>(part);
  const touched = new Set<string>();
  for (const event of events) {
    const first = event.path[0];
    if (first !== undefined) touched.add(String(first));
    else for (const key of event.changes.keys.keys()) touched.add(key);
  }
  const values = new Map<string, unknown>(before[part] as ReadonlyMap<string, unknown>);
  for (const id of touched) {
    const value = readEntry(part, id, root.get(id));
    if (value !== undefined) values.set(id, value);
    else values.delete(id);
  }
  return { ...before, [part]: values };
}

export function toGraph(snapshot: Snapshot): Graph {
  return {
    schema: 1,
    nodes: [...snapshot.nodes.values()],
    edges: [...snapshot.edges.values()],
    parameters: Object.fromEntries(snapshot.parameters),
    notes: [...snapshot.notes.values()],
    groups: [...snapshot.groups.values()],
    settings: snapshot.settings,
  };
}

/** The graph that came with the page, shown until the live document has arrived. */
export function fromGraph(graph: Partial<Graph>): Snapshot {
  const byId = <T extends { id: string }>(list: readonly T[] | undefined): Map<string, T> => new Map((list ?? []).map((one) => [one.id, one]));
  const edges = (graph.edges ?? []).map((edge) => ({ ...edge, id: `${edge.target}:${edge.targetHandle}` }));
  const nodes = (graph.nodes ?? []).map((node) => ({ ...node, params: node.params ?? {}, position: node.position ?? { x: 0, y: 0 } }));
  return {
    nodes: byId(nodes),
    edges: byId(edges),
    notes: byId(graph.notes),
    groups: byId(graph.groups),
    parameters: new Map(Object.entries(graph.parameters ?? {})),
    settings: graph.settings ?? {},
  };
}
