/** Edits that rewire: what heals when a node goes, and what an inserted node is joined to. */
import type { Catalogue } from "./catalogue.ts";
import { fits } from "./ports.ts";
import type { Component, GraphEdge, GraphNode, PortSpec, Wire } from "./types.ts";
import { edgeId } from "./types.ts";

interface Parts {
  nodes: ReadonlyMap<string, GraphNode>;
  edges: ReadonlyMap<string, GraphEdge>;
  catalogue: Catalogue;
}

/** Edges that lead past the removed nodes, where the types allow it. */
export function healing({ nodes, edges, catalogue }: Parts, removed: ReadonlySet<string>): Wire[] {
  const origin = (edge: GraphEdge, wanted: string, seen: Set<string>): Wire | null => {
    const node = nodes.get(edge.source);
    if (!node) return null;
    const output = catalogue.output(node, edge.sourceHandle);
    if (!removed.has(edge.source)) {
      return output && fits(output.type, wanted, catalogue.fits) ? { source: edge.source, sourceHandle: edge.sourceHandle, target: "", targetHandle: "" } : null;
    }
    if (seen.has(edge.source)) return null;
    seen.add(edge.source);
    const inputs = catalogue.of(node)?.inputs.filter((input) => input.type === output?.type) ?? [];
    for (const input of inputs) {
      const above = edges.get(edgeId(node.id, input.name));
      const found = above && origin(above, wanted, seen);
      if (found) return found;
    }
    return null;
  };
  const wires: Wire[] = [];
  for (const edge of edges.values()) {
    const target = nodes.get(edge.target);
    if (!removed.has(edge.source) || removed.has(edge.target) || !target) continue;
    const input = catalogue.input(target, edge.targetHandle);
    const found = input && origin(edge, input.type, new Set());
    if (found) wires.push({ ...found, target: edge.target, targetHandle: edge.targetHandle });
  }
  return wires;
}

/** The ports by which a module can be put into this edge, if there are such. */
export function splicePorts({ nodes, catalogue }: Pick<Parts, "nodes" | "catalogue">, edge: GraphEdge, component: Component): { input: PortSpec; output: PortSpec } | null {
  const [from, to] = [nodes.get(edge.source), nodes.get(edge.target)];
  const above = from && catalogue.output(from, edge.sourceHandle);
  const below = to && catalogue.input(to, edge.targetHandle);
  if (!above || !below) return null;
  const input = firstFit(component.inputs, (port) => fits(above.type, port.type, catalogue.fits), above.type);
  const output = firstFit(component.outputs, (port) => fits(port.type, below.type, catalogue.fits), below.type);
  return input && output ? { input, output } : null;
}

/** The port of a module that suits one end of a dangling edge. */
export function portFor(component: Component, side: "source" | "target", type: string, catalogue: Catalogue): PortSpec | null {
  return side === "source"
    ? firstFit(component.inputs, (port) => fits(type, port.type, catalogue.fits), type)
    : firstFit(component.outputs, (port) => fits(port.type, type, catalogue.fits), type);
}

/** The same type before "any" and other relations. */
function firstFit(ports: readonly PortSpec[], allowed: (port: PortSpec) => boolean, type: string): PortSpec | null {
  return ports.find((port) => port.type === type && allowed(port)) ?? ports.find(allowed) ?? null;
}

/** The nodes that stay and lose an input: what they depended on goes, and nothing heals it. */
export function starvedBy(all: Iterable<GraphEdge>, nodes: ReadonlySet<string>, edges: ReadonlySet<string>, healed: readonly Wire[]): string[] {
  const fed = new Set(healed.map((wire) => edgeId(wire.target, wire.targetHandle)));
  const starved = new Set<string>();
  for (const edge of all) if (!nodes.has(edge.target) && (nodes.has(edge.source) || edges.has(edge.id)) && !fed.has(edge.id)) starved.add(edge.target);
  return [...starved];
}
