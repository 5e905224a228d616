/** Turns the draft into what stands on the canvas; entries that did not change stay the same objects. */
import { Position, type NodeHandle } from "@xyflow/react";
import { around, NODE_HEIGHT, NODE_WIDTH, type Box } from "../../graph/arrange.ts";
import type { Catalogue } from "../../graph/catalogue.ts";
import { portLabel, portOffset } from "../../graph/ports.ts";
import type { Component, GraphEdge, GraphNode, PortSpec } from "../../graph/types.ts";
import type { Snapshot } from "../store/snapshot.ts";
import { FRAME_PREFIX, type BoundaryPort, type FlowEdge, type FlowNode, type FoldedNode, type GroupNode, type ModuleNode } from "./types.ts";

/** The drawn size; the area that takes the pointer is 24 px, by CSS. */
const HIT = 10;
const PADDING = 24;
const HEAD = 28;

export interface View {
  nodes: Map<string, FlowNode>;
  edges: Map<string, FlowEdge>;
}

function handles(ports: readonly { id: string }[], kind: "source" | "target"): NodeHandle[] {
  return ports.map((port, index) => ({
    id: port.id,
    type: kind,
    position: kind === "target" ? Position.Top : Position.Bottom,
    x: portOffset(index, ports.length, NODE_WIDTH) - HIT / 2,
    y: kind === "target" ? -HIT / 2 : NODE_HEIGHT - HIT / 2,
    width: HIT,
    height: HIT,
  }));
}

const named = (ports: readonly PortSpec[] | undefined): { id: string }[] => (ports ?? []).map((port) => ({ id: port.name }));

function moduleNode(node: GraphNode, component: Component | undefined): ModuleNode {
  return {
    id: node.id,
    type: "module",
    position: node.position,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    measured: { width: NODE_WIDTH, height: NODE_HEIGHT },
    handles: [...handles(named(component?.inputs), "target"), ...handles(named(component?.outputs), "source")],
    data: { node, component },
  };
}

/** Keeps what it made last time, so that React Flow meets the same objects again. */
export class ViewBuilder {
  private last: { snapshot: Snapshot; catalogue: Catalogue | null; inside: string | null; view: View } | null = null;

  build(snapshot: Snapshot, catalogue: Catalogue | null, inside: string | null): View {
    const before = this.last;
    if (before && before.snapshot === snapshot && before.catalogue === catalogue && before.inside === inside) return before.view;
    const reuse = before && before.catalogue === catalogue ? before.view : null;
    const folded = foldedGroups(snapshot, inside);
    const nodes = new Map<string, FlowNode>();
    for (const note of inside ? [] : snapshot.notes.values()) {
      const old = reuse?.nodes.get(note.id);
      nodes.set(
        note.id,
        old?.type === "note" && old.data.note === note
          ? old
          : { id: note.id, type: "note", position: note.position, width: note.width, height: note.height, measured: { width: note.width, height: note.height }, data: { note }, zIndex: note.frame ? -20 : 0 },
      );
    }
    for (const [id, group] of inside ? [] : groupNodes(snapshot, catalogue, folded)) {
      const old = reuse?.nodes.get(id);
      nodes.set(id, old && JSON.stringify(old) === JSON.stringify(group) ? old : group);
    }
    for (const node of snapshot.nodes.values()) {
      if (inside ? node.group !== inside : node.group && folded.has(node.group)) continue;
      const old = reuse?.nodes.get(node.id);
      nodes.set(node.id, old?.type === "module" && old.data.node === node ? old : moduleNode(node, catalogue?.of(node)));
    }
    const edges = this.edges(snapshot, catalogue, folded, nodes, reuse);
    const view = { nodes, edges };
    this.last = { snapshot, catalogue, inside, view };
    return view;
  }

  private edges(snapshot: Snapshot, catalogue: Catalogue | null, folded: ReadonlySet<string>, nodes: ReadonlyMap<string, FlowNode>, reuse: View | null): Map<string, FlowEdge> {
    const edges = new Map<string, FlowEdge>();
    const labelled = new Set<string>();
    for (const wire of snapshot.edges.values()) {
      const [from, to] = [snapshot.nodes.get(wire.source), snapshot.nodes.get(wire.target)];
      if (!from || !to) continue;
      const [source, sourceHandle] = endOf(from, wire.sourceHandle, folded);
      const [target, targetHandle] = endOf(to, wire.targetHandle, folded);
      if (source === target || !nodes.has(source) || !nodes.has(target)) continue;
      const output = `${wire.source}:${wire.sourceHandle}`;
      const first = !labelled.has(output);
      labelled.add(output);
      const type = catalogue?.output(from, wire.sourceHandle)?.type ?? "any";
      const old = reuse?.edges.get(wire.id);
      const same = old && old.data?.wire === wire && old.source === source && old.target === target && old.data.labelled === first && old.data.type === type;
      edges.set(wire.id, same ? old : { id: wire.id, type: "wire", source, sourceHandle, target, targetHandle, data: { wire, type, labelled: first } });
    }
    return edges;
  }
}

function foldedGroups(snapshot: Snapshot, inside: string | null): Set<string> {
  if (inside) return new Set();
  return new Set([...snapshot.groups.values()].filter((group) => group.collapsed).map((group) => group.id));
}

function endOf(node: GraphNode, port: string, folded: ReadonlySet<string>): [string, string] {
  return node.group && folded.has(node.group) ? [FRAME_PREFIX + node.group, `${node.id}:${port}`] : [node.id, port];
}

export const boxOf = (node: GraphNode): Box => ({ ...node.position, width: NODE_WIDTH, height: NODE_HEIGHT });

function groupNodes(snapshot: Snapshot, catalogue: Catalogue | null, folded: ReadonlySet<string>): Map<string, GroupNode | FoldedNode> {
  const members = new Map<string, GraphNode[]>();
  for (const node of snapshot.nodes.values()) if (node.group && snapshot.groups.has(node.group)) members.set(node.group, [...(members.get(node.group) ?? []), node]);
  const made = new Map<string, GroupNode | FoldedNode>();
  for (const [id, list] of members) {
    const group = snapshot.groups.get(id)!;
    const box = around(list.map(boxOf))!;
    const key = FRAME_PREFIX + id;
    const ids = list.map((node) => node.id);
    if (folded.has(id)) {
      const { inputs, outputs } = boundary(snapshot, catalogue, new Set(ids));
      const width = NODE_WIDTH;
      made.set(key, {
        id: key, type: "folded", position: { x: box.x, y: box.y }, width, height: NODE_HEIGHT, measured: { width, height: NODE_HEIGHT },
        handles: [...handles(inputs, "target"), ...handles(outputs, "source")], data: { group, members: ids, inputs, outputs },
      }); // prettier-ignore
      continue;
    }
    const [width, height] = [box.width + 2 * PADDING, box.height + 2 * PADDING + HEAD];
    made.set(key, {
      id: key, type: "group", position: { x: box.x - PADDING, y: box.y - PADDING - HEAD }, width, height, measured: { width, height },
      data: { group, count: ids.length, members: ids }, zIndex: -10, connectable: false,
    }); // prettier-ignore
  }
  return made;
}

/** The ports of a group: those inside that are joined to the outside, or open and needed. */
export function boundary(snapshot: Snapshot, catalogue: Catalogue | null, ids: ReadonlySet<string>): { inputs: BoundaryPort[]; outputs: BoundaryPort[] } {
  const inputs = new Map<string, BoundaryPort>();
  const outputs = new Map<string, BoundaryPort>();
  const port = (node: GraphNode, spec: PortSpec | undefined, name: string): BoundaryPort => ({
    id: `${node.id}:${name}`,
    type: spec?.type ?? "any",
    label: `${catalogue?.titleOf(node) ?? node.id}: ${spec ? portLabel(spec) : name}`,
  });
  for (const edge of snapshot.edges.values() as Iterable<GraphEdge>) {
    const [from, to] = [snapshot.nodes.get(edge.source), snapshot.nodes.get(edge.target)];
    if (!from || !to || ids.has(from.id) === ids.has(to.id)) continue;
    if (ids.has(to.id)) inputs.set(edge.id, port(to, catalogue?.input(to, edge.targetHandle), edge.targetHandle));
    else outputs.set(`${from.id}:${edge.sourceHandle}`, port(from, catalogue?.output(from, edge.sourceHandle), edge.sourceHandle));
  }
  return { inputs: [...inputs.values()], outputs: [...outputs.values()] };
}
