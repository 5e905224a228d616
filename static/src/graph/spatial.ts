/** Finds what lies in a rectangle without looking at everything. */
import type { Box } from "./arrange.ts";
import type { Point } from "./types.ts";

const CELL = 1024;

interface Placed {
  id: string;
  position: Point;
  width?: number | undefined;
  height?: number | undefined;
}

export function holds(outer: Box, inner: Box): boolean {
  return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;
}

export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

export class SpatialIndex {
  private readonly cells = new Map<string, string[]>();
  private readonly boxes = new Map<string, Box>();
  private readonly wired = new Map<string, string[]>();

  constructor(nodes: Iterable<Placed>, edges: Iterable<{ id: string; source: string; target: string }>) {
    for (const { id, position, width = 0, height = 0 } of nodes) {
      const box = { ...position, width, height };
      this.boxes.set(id, box);
      for (const key of keys(box)) push(this.cells, key, id);
    }
    for (const edge of edges) {
      push(this.wired, edge.source, edge.id);
      push(this.wired, edge.target, edge.id);
    }
  }

  inside(area: Box): Set<string> {
    const found = new Set<string>();
    for (const key of keys(area)) {
      for (const id of this.cells.get(key) ?? []) if (overlaps(this.boxes.get(id)!, area)) found.add(id);
    }
    return found;
  }

  edgesOf(id: string): readonly string[] {
    return this.wired.get(id) ?? [];
  }
}

function* keys(box: Box): Generator<string> {
  const [left, top] = [Math.floor(box.x / CELL), Math.floor(box.y / CELL)];
  const [right, bottom] = [Math.floor((box.x + box.width) / CELL), Math.floor((box.y + box.height) / CELL)];
  for (let x = left; x <= right; x++) for (let y = top; y <= bottom; y++) yield `${x}:${y}`;
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
