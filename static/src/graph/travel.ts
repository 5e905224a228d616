/** Where the arrow keys lead: up and down along the edges, left and right among neighbours. */
import type { GraphEdge, GraphNode } from "./types.ts";

export type Direction = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

export function neighbourOf(id: string, direction: Direction, nodes: ReadonlyMap<string, GraphNode>, edges: Iterable<GraphEdge>): string | null {
  const here = nodes.get(id);
  if (!here) return null;
  if (direction === "ArrowUp" || direction === "ArrowDown") {
    const linked = [...edges].flatMap((edge) => (direction === "ArrowDown" ? (edge.source === id ? [edge.target] : []) : edge.target === id ? [edge.source] : []));
    const near = best(linked, (node) => Math.abs(node.position.x - here.position.x), nodes);
    if (near) return near;
  }
  const [along, across] = direction === "ArrowUp" || direction === "ArrowDown" ? (["y", "x"] as const) : (["x", "y"] as const);
  const sign = direction === "ArrowDown" || direction === "ArrowRight" ? 1 : -1;
  const ahead = [...nodes.values()].filter((node) => (node.position[along] - here.position[along]) * sign > 0).map((node) => node.id);
  return best(ahead, (node) => Math.abs(node.position[along] - here.position[along]) + 3 * Math.abs(node.position[across] - here.position[across]), nodes);
}

function best(ids: readonly string[], cost: (node: GraphNode) => number, nodes: ReadonlyMap<string, GraphNode>): string | null {
  let found: string | null = null;
  let least = Infinity;
  for (const id of ids) {
    const node = nodes.get(id);
    if (!node || cost(node) >= least) continue;
    least = cost(node);
    found = id;
  }
  return found;
}
