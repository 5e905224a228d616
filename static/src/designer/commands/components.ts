/** Saving modules as a component, looking into one, and taking one apart. */
import { apart, type Inside, type NamedPort } from "../../graph/components.ts";
import type { Component, GraphNode } from "../../graph/types.ts";
import { announce } from "../../ui/dom.ts";
import { toast } from "../../ui/toast.ts";
import { FRAME_PREFIX } from "../canvas/types.ts";
import type { Designer } from "../store/designer.ts";

/** One node of the component in place of the modules that it was made of, as one undo step. */
export function replaceByComponent({ draft, ui }: Designer, ids: readonly string[], component: Component, ports: { inputs: readonly NamedPort[]; outputs: readonly NamedPort[] }): void {
  const { nodes, groups } = draft.snapshot.get();
  const gone = ids.flatMap((id) => nodes.get(id) ?? []);
  if (!gone.length) return;
  const position = { x: Math.min(...gone.map((node) => node.position.x)), y: Math.min(...gone.map((node) => node.position.y)) };
  const names = new Set(component.params.map((param) => param.name));
  // What was bound to a parameter of the pipeline stays bound to it.
  const params = Object.fromEntries([...draft.snapshot.get().parameters.keys()].filter((name) => names.has(name)).map((name) => [name, `\${{parent.inputs.${name}}}`]));
  let made = "";
  draft.change(`Save ${component.title} as a component`, () => {
    for (const group of new Set(gone.flatMap((node) => node.group ?? []))) if (groups.has(group) && [...nodes.values()].every((node) => node.group !== group || ids.includes(node.id))) draft.ungroup(group);
    draft.remove(ids);
    made = draft.addNode({ component: component.name, version: component.version, position, params });
    for (const port of ports.inputs) for (const from of port.outside) draft.putEdge({ source: from.node, sourceHandle: from.port, target: made, targetHandle: port.name });
    for (const port of ports.outputs) for (const to of port.outside) draft.putEdge({ source: made, sourceHandle: port.name, target: to.node, targetHandle: to.port });
  });
  ui.select([made]);
}

/** A pipeline component is one of the team's own whose inside the server can tell. */
export const mayHold = (component: Component | undefined): boolean => Boolean(component?.nested);

async function fetchInside({ api }: Designer, node: GraphNode): Promise<Inside | null> {
  try {
    return await api.get<Inside>(`designer/components/${encodeURIComponent(node.component)}?version=${encodeURIComponent(node.version)}`);
  } catch (error) {
    toast(error instanceof Error ? error.message : "The component could not be read.", "error");
    return null;
  }
}

/** Show what a component is made of; the draft itself stays as it is. */
export async function lookInto(designer: Designer, node: GraphNode): Promise<void> {
  const inside = await fetchInside(designer, node);
  if (!inside) return;
  designer.ui.select([]);
  designer.ui.set({ view: "canvas", component: { node: node.id, inside } });
  announce(`Inside ${inside.title}, to look at only. Escape leads out.`);
}

/** The modules of a component in place of its node, as a group. */
export async function takeApart(designer: Designer, node: GraphNode): Promise<void> {
  const inside = await fetchInside(designer, node);
  const { draft, ui } = designer;
  const { nodes, edges } = draft.snapshot.get();
  if (!inside || !nodes.has(node.id)) return;
  const made = apart(inside, node, edges.values(), new Set(nodes.keys()));
  const title = node.label || inside.title;
  draft.change(`Take ${title} apart`, () => {
    draft.remove([node.id]);
    for (const one of made.nodes) draft.putNode(one.id, one);
    for (const wire of made.wires) draft.putEdge(wire);
    if (made.nodes.length > 1) ui.select([FRAME_PREFIX + draft.group(made.nodes.map((one) => one.id), title)]);
    else ui.select(made.nodes.map((one) => one.id));
  });
  announce(`${title} taken apart into ${made.nodes.length} modules.`);
}
