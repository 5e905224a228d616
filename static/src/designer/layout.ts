/** "Arrange" by elk in its own worker; the 450 kB come only when someone asks. */
import ELK from "elkjs/lib/elk-api.js";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";
import { elkGraph, recentre, type Ports } from "../graph/layout.ts";
import type { GraphEdge, GraphNode, Point } from "../graph/types.ts";

let elk: InstanceType<typeof ELK> | null = null;

export async function arrange(nodes: readonly GraphNode[], edges: readonly GraphEdge[], portsOf: (node: GraphNode) => Ports): Promise<Map<string, Point>> {
  elk ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const laid = await elk.layout(elkGraph(nodes, edges, portsOf));
  const places = new Map((laid.children ?? []).map((child) => [child.id, { x: child.x ?? 0, y: child.y ?? 0 }] as const));
  return recentre(nodes, places);
}
