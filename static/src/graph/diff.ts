/** What differs between two graphs; moves are no difference. */
import type { Graph, GraphNode, Json } from "./types.ts";

export interface Change {
  id: string;
  label: string;
  param: string;
  before: Json;
  after: Json;
}

export interface GraphDiff {
  added: { id: string; label: string }[];
  removed: { id: string; label: string }[];
  changed: Change[];
  edgesAdded: string[];
  edgesRemoved: string[];
}

const nameOf = (node: GraphNode): string => node.label || node.component;

export function diff(a: Pick<Graph, "nodes" | "edges">, b: Pick<Graph, "nodes" | "edges">): GraphDiff {
  const [old, now] = [new Map(a.nodes.map((node) => [node.id, node])), new Map(b.nodes.map((node) => [node.id, node]))];
  const line = (node: GraphNode) => ({ id: node.id, label: nameOf(node) });
  const ends = (graph: Pick<Graph, "edges">): Set<string> => new Set(graph.edges.map((edge) => `${edge.source}:${edge.sourceHandle} → ${edge.target}:${edge.targetHandle}`));
  const [wasWired, isWired] = [ends(a), ends(b)];
  return {
    added: b.nodes.filter((node) => !old.has(node.id)).map(line),
    removed: a.nodes.filter((node) => !now.has(node.id)).map(line),
    changed: b.nodes.flatMap((node) => changes(old.get(node.id), node)),
    edgesAdded: [...isWired].filter((edge) => !wasWired.has(edge)),
    edgesRemoved: [...wasWired].filter((edge) => !isWired.has(edge)),
  };
}

function changes(before: GraphNode | undefined, after: GraphNode): Change[] {
  if (!before) return [];
  const found: Change[] = [];
  const note = (param: string, was: Json | undefined, is: Json | undefined): void => {
    if (JSON.stringify(was ?? null) !== JSON.stringify(is ?? null)) found.push({ id: after.id, label: nameOf(after), param, before: was ?? null, after: is ?? null });
  };
  for (const name of new Set([...Object.keys(before.params), ...Object.keys(after.params)])) note(name, before.params[name], after.params[name]);
  for (const field of ["component", "version", "label", "comment", "disabled", "compute", "forceRerun"] as const) note(field, before[field], after[field]);
  note("pinned", before.pinned?.run, after.pinned?.run);
  return found;
}
