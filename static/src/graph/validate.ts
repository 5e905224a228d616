/** Whether a connection may be drawn, and if not, why: the words are shown to people. */
import type { Catalogue } from "./catalogue.ts";
import { loopOf } from "./cycles.ts";
import { fits, portLabel, typeLabel } from "./ports.ts";
import type { GraphEdge, GraphNode, PortSpec, Wire } from "./types.ts";
import { edgeId } from "./types.ts";

export interface Context {
  nodes: ReadonlyMap<string, GraphNode>;
  edges: ReadonlyMap<string, GraphEdge>;
  catalogue: Catalogue;
}

export type Verdict = { ok: true; replaces: string | null } | { ok: false; reason: string; loop?: string[] };

export function checkWire({ nodes, edges, catalogue }: Context, wire: Wire): Verdict {
  const from = nodes.get(wire.source);
  const to = nodes.get(wire.target);
  if (!from || !to) return { ok: false, reason: "One of the two modules is no longer there." };
  const output = catalogue.output(from, wire.sourceHandle);
  const input = catalogue.input(to, wire.targetHandle);
  if (!output) return { ok: false, reason: `${catalogue.titleOf(from)} has no output “${wire.sourceHandle}”.` };
  if (!input) return { ok: false, reason: `${catalogue.titleOf(to)} has no input “${wire.targetHandle}”.` };
  if (from.id === to.id) return { ok: false, reason: "A module cannot feed itself.", loop: [from.id] };
  if (!fits(output.type, input.type, catalogue.fits)) return { ok: false, reason: `${typeLabel(output.type)} cannot feed ${typeLabel(input.type)}.` };
  const loop = loopOf(edges.values(), from.id, to.id);
  if (loop.length) return { ok: false, reason: `This would close a loop of ${loop.length} modules: ${loop.map((id) => name(nodes, catalogue, id)).join(" → ")}.`, loop };
  const id = edgeId(to.id, input.name);
  return { ok: true, replaces: edges.has(id) ? id : null };
}

function name(nodes: Context["nodes"], catalogue: Catalogue, id: string): string {
  const node = nodes.get(id);
  return node ? catalogue.titleOf(node) : id;
}

export interface Offer {
  wire: Wire;
  node: GraphNode;
  port: PortSpec;
  text: string;
  taken: boolean;
}

/** Every port that this one could be joined to, free and near ones first. */
export function offersFor(context: Context, id: string, portName: string, side: "source" | "target"): Offer[] {
  const { nodes, edges, catalogue } = context;
  const self = nodes.get(id);
  if (!self) return [];
  const offers: Offer[] = [];
  for (const node of nodes.values()) {
    if (node.id === id) continue;
    const component = catalogue.of(node);
    for (const port of (side === "source" ? component?.inputs : component?.outputs) ?? []) {
      const wire = side === "source" ? { source: id, sourceHandle: portName, target: node.id, targetHandle: port.name } : { source: node.id, sourceHandle: port.name, target: id, targetHandle: portName };
      if (!checkWire(context, wire).ok) continue;
      offers.push({ wire, node, port, text: `${catalogue.titleOf(node)}: ${portLabel(port)}`, taken: edges.has(edgeId(wire.target, wire.targetHandle)) });
    }
  }
  const far = (node: GraphNode): number => Math.hypot(node.position.x - self.position.x, node.position.y - self.position.y);
  return offers.sort((a, b) => Number(a.taken) - Number(b.taken) || far(a.node) - far(b.node));
}
