/** Ways through the graph: what lies above and below, loops, and an order. */
import type { Wire } from "./types.ts";

type Ends = Pick<Wire, "source" | "target">;

function walk(from: Iterable<string>, next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set<string>();
  const todo = [...from].flatMap((id) => next.get(id) ?? []);
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    todo.push(...(next.get(id) ?? []));
  }
  return seen;
}

export function neighbours(edges: Iterable<Ends>, forward: boolean): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const { source, target } of edges) {
    const [from, to] = forward ? [source, target] : [target, source];
    const list = map.get(from);
    if (list) list.push(to);
    else map.set(from, [to]);
  }
  return map;
}

export const downstream = (ids: Iterable<string>, edges: Iterable<Ends>): Set<string> => walk(ids, neighbours(edges, true));
export const upstream = (ids: Iterable<string>, edges: Iterable<Ends>): Set<string> => walk(ids, neighbours(edges, false));

/** The nodes of the loop that an edge from `source` to `target` would close, first the target; empty when none. */
export function loopOf(edges: Iterable<Ends>, source: string, target: string): string[] {
  if (source === target) return [source];
  const next = neighbours(edges, true);
  const came = new Map<string, string>([[target, ""]]);
  const queue = [target];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    for (const to of next.get(id) ?? []) {
      if (came.has(to)) continue;
      came.set(to, id);
      if (to === source) {
        const loop = [source];
        for (let at = id; at; at = came.get(at) ?? "") loop.unshift(at);
        return loop;
      }
      queue.push(to);
    }
  }
  return [];
}

/** Ids from the sources down, ties by the given order; what is in a loop comes last. */
export function topological(ids: readonly string[], edges: Iterable<Ends>): string[] {
  const known = new Set(ids);
  const list = [...edges].filter((edge) => known.has(edge.source) && known.has(edge.target));
  const waiting = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const { target } of list) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  const next = neighbours(list, true);
  const order: string[] = [];
  const ready = ids.filter((id) => !waiting.get(id));
  for (let at = 0; at < ready.length; at++) {
    const id = ready[at]!;
    order.push(id);
    for (const to of next.get(id) ?? []) {
      const left = (waiting.get(to) ?? 0) - 1;
      waiting.set(to, left);
      if (!left) ready.push(to);
    }
  }
  const placed = new Set(order);
  return [...order, ...ids.filter((id) => !placed.has(id))];
}
