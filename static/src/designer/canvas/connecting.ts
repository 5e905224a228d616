/** While an edge is drawn: which ports may take it. */
import type { Wire } from "../../graph/types.ts";
import { checkWire, type Context } from "../../graph/validate.ts";
import { Cell } from "../store/cell.ts";

export interface Connecting {
  node: string;
  port: string;
  side: "source" | "target";
  /** "<node>:<port>" of every port on the other side that would be legal. */
  legal: ReadonlySet<string>;
}

export const connecting = new Cell<Connecting | null>(null);

export function wireBetween(from: Pick<Connecting, "node" | "port" | "side">, node: string, port: string): Wire {
  return from.side === "source" ? { source: from.node, sourceHandle: from.port, target: node, targetHandle: port } : { source: node, sourceHandle: port, target: from.node, targetHandle: from.port };
}

export function beginConnecting(context: Context, node: string, port: string, side: "source" | "target", among: Iterable<string>): void {
  const legal = new Set<string>();
  for (const id of among) {
    const other = context.nodes.get(id);
    const component = other && context.catalogue.of(other);
    for (const spec of (side === "source" ? component?.inputs : component?.outputs) ?? []) {
      if (checkWire(context, wireBetween({ node, port, side }, id, spec.name)).ok) legal.add(`${id}:${spec.name}`);
    }
  }
  connecting.set({ node, port, side, legal });
}
