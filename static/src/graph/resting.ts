/** Which modules a run would leave out, and because of whom: as `officina.graph` decides it on the server. */
import type { Catalogue } from "./catalogue.ts";
import type { GraphEdge, GraphNode, PortSpec } from "./types.ts";
import { edgeId } from "./types.ts";

export interface Rest {
  /** "disabled": cut off from its data by that module. "pinned": only that module needs it. */
  why: "disabled" | "pinned";
  cause: string;
}

interface Parts {
  nodes: ReadonlyMap<string, GraphNode>;
  edges: ReadonlyMap<string, GraphEdge>;
  catalogue: Catalogue;
}

export function restingOf(parts: Parts): Map<string, Rest> {
  const found = new Map<string, Rest>();
  let hasPins = false;
  let hasGaps = false;
  for (const node of parts.nodes.values()) {
    hasGaps ||= Boolean(node.disabled);
    hasPins ||= Boolean(node.pinned) && !node.disabled;
  }
  if (!hasGaps && !hasPins) return found;
  const links = throughDisabled(parts, found);
  spread(links, parts.nodes, found);
  if (hasPins) rest(links, parts.nodes, found);
  return found;
}

interface Link {
  source: string;
  target: string;
}

/** The connections as they run, those of disabled modules drawn through; what is cut off is put down in `found`. */
function throughDisabled({ nodes, edges, catalogue }: Parts, found: Map<string, Rest>): Link[] {
  const links: Link[] = [];
  for (const edge of edges.values()) {
    const target = nodes.get(edge.target);
    if (!target || target.disabled || !nodes.has(edge.source)) continue;
    const source = sourceOf(edge, nodes, edges, catalogue);
    if (source) links.push({ source, target: target.id });
    else if (!target.pinned && !found.has(target.id)) found.set(target.id, { why: "disabled", cause: edge.source });
  }
  return links;
}

function sourceOf(edge: GraphEdge, nodes: ReadonlyMap<string, GraphNode>, edges: ReadonlyMap<string, GraphEdge>, catalogue: Catalogue): string | null {
  const seen = new Set<string>();
  let now: GraphEdge | undefined = edge;
  while (now) {
    const node: GraphNode | undefined = nodes.get(now.source);
    if (!node?.disabled) return node?.id ?? null;
    if (seen.has(node.id)) return null;
    seen.add(node.id);
    const type: string | undefined = catalogue.output(node, now.sourceHandle)?.type;
    const input: PortSpec | undefined = catalogue.of(node)?.inputs.find((port) => port.type === type);
    now = input && edges.get(edgeId(node.id, input.name));
  }
  return null;
}

/** What is below something cut off is cut off too, as far as the next pinned module. */
function spread(links: readonly Link[], nodes: ReadonlyMap<string, GraphNode>, found: Map<string, Rest>): void {
  const below = grouped(links, "source", "target");
  const todo = [...found.keys()];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    for (const next of below.get(id) ?? []) {
      if (found.has(next) || nodes.get(next)?.pinned) continue;
      found.set(next, found.get(id)!);
      todo.push(next);
    }
  }
}

/** What feeds nothing but what is pinned, or rests itself. */
function rest(links: readonly Link[], nodes: ReadonlyMap<string, GraphNode>, found: Map<string, Rest>): void {
  const [above, below] = [grouped(links, "target", "source"), grouped(links, "source", "target")];
  const cause = new Map([...nodes.values()].flatMap((node) => (node.pinned && !node.disabled ? [[node.id, node.id] as const] : [])));
  const todo = [...cause.keys()].flatMap((id) => above.get(id) ?? []);
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    const feeds = below.get(id) ?? [];
    if (cause.has(id) || !feeds.every((next) => cause.has(next))) continue;
    cause.set(id, cause.get(feeds[0]!)!);
    if (!found.has(id)) found.set(id, { why: "pinned", cause: cause.get(id)! });
    todo.push(...(above.get(id) ?? []));
  }
}

function grouped(links: readonly Link[], by: keyof Link, what: keyof Link): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const link of links) {
    const list = map.get(link[by]);
    if (list) list.push(link[what]);
    else map.set(link[by], [link[what]]);
  }
  return map;
}
