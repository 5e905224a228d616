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

/** Ids from the sources down, of those that may come next the first in the given order; what is in a loop comes last. */
export function topological(ids: readonly string[], edges: Iterable<Ends>): string[] {
  const place = new Map(ids.map((id, at) => [id, at]));
  const list = [...edges].filter((edge) => place.has(edge.source) && place.has(edge.target));
  const waiting = new Map<string, number>();
  for (const { target } of list) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  const next = neighbours(list, true);
  const order: string[] = [];
  // Places of what is ready, the least at the end.
  const ready = ids.flatMap((id, at) => (waiting.get(id) ? [] : [at])).reverse();
  for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
    const id = ids[at]!;
    order.push(id);
    for (const to of next.get(id) ?? []) {
      const left = waiting.get(to)! - 1;
      waiting.set(to, left);
      if (!left) insert(ready, place.get(to)!);
    }
  }
  const placed = new Set(order);
  return [...order, ...ids.filter((id) => !placed.has(id))];
}

/** Into a list that falls. */
function insert(list: number[], value: number): void {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! > value) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, value);
}
