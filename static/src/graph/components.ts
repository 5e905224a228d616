/** Modules that become one component, and a component that becomes its modules again. */
import { freshId } from "./names.ts";
import type { Catalogue } from "./catalogue.ts";
import { portLabel } from "./ports.ts";
import type { Graph, GraphEdge, GraphNode, Json, Params, PipelineParameter, Point, Wire } from "./types.ts";

export interface End {
  node: string;
  port: string;
}

/** A port of a component to be: its name, and where it leads inside. */
export interface NamedPort {
  name: string;
  label: string;
  type: string;
  ends: End[];
  /** What is joined to it outside: sources of an input, targets of an output. */
  outside: End[];
}

export interface Inside {
  name: string;
  version: string;
  title: string;
  graph: Graph;
  inputs: Record<string, End[]>;
  outputs: Record<string, End>;
  parameters: Record<string, Json>;
}

interface Parts {
  nodes: ReadonlyMap<string, GraphNode>;
  edges: ReadonlyMap<string, GraphEdge>;
  catalogue: Catalogue;
}

/** The ports of these modules that lead outside or wait for data; what has one source outside is one input. */
export function portsOf({ nodes, edges, catalogue }: Parts, ids: ReadonlySet<string>): { inputs: NamedPort[]; outputs: NamedPort[] } {
  const inputs = new Map<string, NamedPort>();
  const outputs = new Map<string, NamedPort>();
  const taken = { inputs: new Set<string>(), outputs: new Set<string>() };
  const label = (node: GraphNode, text: string, many: boolean): string => (many ? `${catalogue.titleOf(node)}: ${text}` : text);
  const all = [...nodes.values()].filter((node) => ids.has(node.id));
  for (const node of all) {
    for (const port of catalogue.of(node)?.inputs ?? []) {
      const edge = edges.get(`${node.id}:${port.name}`);
      if (edge ? ids.has(edge.source) : port.optional) continue;
      const key = edge ? `${edge.source}:${edge.sourceHandle}` : `${node.id}:${port.name}`;
      const known = inputs.get(key);
      if (known) known.ends.push({ node: node.id, port: port.name });
      else inputs.set(key, { name: freshOf(port.name, taken.inputs), label: label(node, portLabel(port), all.length > 1), type: port.type, ends: [{ node: node.id, port: port.name }], outside: edge ? [{ node: edge.source, port: edge.sourceHandle }] : [] });
    }
    for (const port of catalogue.of(node)?.outputs ?? []) {
      const leading = [...edges.values()].filter((edge) => edge.source === node.id && edge.sourceHandle === port.name);
      const outside = leading.filter((edge) => !ids.has(edge.target)).map((edge) => ({ node: edge.target, port: edge.targetHandle }));
      if (leading.length && !outside.length) continue;
      outputs.set(`${node.id}:${port.name}`, { name: freshOf(port.name, taken.outputs), label: label(node, portLabel(port), all.length > 1), type: port.type, ends: [{ node: node.id, port: port.name }], outside });
    }
  }
  return { inputs: [...inputs.values()], outputs: [...outputs.values()] };
}

function freshOf(name: string, taken: Set<string>): string {
  const made = freshId(name, taken);
  taken.add(made);
  return made;
}

const BOUND = /^\$\{\{\s*parent\.inputs\.([\w.-]+)\s*\}\}$/;
const boundTo = (value: Json): string | undefined => (typeof value === "string" ? BOUND.exec(value)?.[1] : undefined);

/** The graph of these modules alone, with the pipeline parameters that they are bound to. */
export function partOf({ nodes, edges }: Parts, ids: ReadonlySet<string>, parameters: ReadonlyMap<string, PipelineParameter>): Pick<Graph, "schema" | "nodes" | "edges" | "parameters"> {
  const chosen = [...nodes.values()].filter((node) => ids.has(node.id)).map(({ group: _, ...node }) => node);
  const used = new Set(chosen.flatMap((node) => Object.values(node.params).flatMap((value) => boundTo(value) ?? [])));
  return {
    schema: 1,
    nodes: chosen,
    edges: [...edges.values()].filter((edge) => ids.has(edge.source) && ids.has(edge.target)),
    parameters: Object.fromEntries([...parameters].filter(([name]) => used.has(name))),
  };
}

/** The modules of a component in place of its node, with new ids, and the edges that lead to and from them. */
export function apart(inside: Inside, node: GraphNode, edges: Iterable<GraphEdge>, taken: ReadonlySet<string>): { nodes: GraphNode[]; wires: Wire[] } {
  const used = new Set(taken);
  const ids = new Map<string, string>();
  for (const one of inside.graph.nodes) ids.set(one.id, freshOf(one.id, used));
  const shift = shiftTo(inside.graph.nodes, node.position);
  const value = (given: Json): Json => {
    const name = boundTo(given);
    return name === undefined ? given : (node.params[name] ?? inside.parameters[name] ?? null);
  };
  const nodes = inside.graph.nodes.map((one) => {
    const params: Params = Object.fromEntries(Object.entries(one.params).map(([key, given]) => [key, value(given)]));
    const compute = one.compute ?? node.compute;
    return { ...one, id: ids.get(one.id)!, params, position: { x: one.position.x + shift.x, y: one.position.y + shift.y }, ...(compute ? { compute } : {}) };
  });
  const wires: Wire[] = inside.graph.edges.map((edge) => ({ source: ids.get(edge.source)!, sourceHandle: edge.sourceHandle, target: ids.get(edge.target)!, targetHandle: edge.targetHandle }));
  for (const edge of edges) {
    if (edge.target === node.id) {
      for (const end of inside.inputs[edge.targetHandle] ?? []) wires.push({ source: edge.source, sourceHandle: edge.sourceHandle, target: ids.get(end.node)!, targetHandle: end.port });
    } else if (edge.source === node.id) {
      const end = inside.outputs[edge.sourceHandle];
      if (end) wires.push({ source: ids.get(end.node)!, sourceHandle: end.port, target: edge.target, targetHandle: edge.targetHandle });
    }
  }
  return { nodes, wires };
}

function shiftTo(nodes: readonly GraphNode[], at: Point): Point {
  const left = Math.min(...nodes.map((node) => node.position.x));
  const top = Math.min(...nodes.map((node) => node.position.y));
  return { x: Math.round((at.x - left) / 8) * 8, y: Math.round((at.y - top) / 8) * 8 };
}

/** The inside of a component as steps of its node, by the names that they have in a run. */
export function stepsOf({ node, inside }: { node: string; inside: Inside }): Graph {
  const long = (id: string): string => `${node}/${id}`;
  return {
    ...inside.graph,
    nodes: inside.graph.nodes.map((one) => ({ ...one, id: long(one.id) })),
    edges: inside.graph.edges.map((edge) => ({ ...edge, id: `${long(edge.target)}:${edge.targetHandle}`, source: long(edge.source), target: long(edge.target) })),
  };
}
