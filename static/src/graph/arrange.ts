/** Places on the canvas: the grid, align and distribute, boxes around many. */
import type { Point } from "./types.ts";

export const GRID = 8;
export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 52;

export interface Box extends Point {
  width: number;
  height: number;
}

export const snap = (value: number, grid = GRID): number => Math.round(value / grid) * grid;
export const snapPoint = ({ x, y }: Point): Point => ({ x: snap(x), y: snap(y) });

export function around(boxes: Iterable<Box>): Box | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const box of boxes) {
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    right = Math.max(right, box.x + box.width);
    bottom = Math.max(bottom, box.y + box.height);
  }
  return right < left ? null : { x: left, y: top, width: right - left, height: bottom - top };
}

export type Alignment = "left" | "center" | "right" | "top" | "middle" | "bottom";

/** New places of boxes brought in line with the outermost of them. */
export function align(boxes: ReadonlyMap<string, Box>, how: Alignment): Map<string, Point> {
  const all = around(boxes.values());
  const places = new Map<string, Point>();
  if (!all) return places;
  for (const [id, box] of boxes) {
    const x = { left: all.x, center: all.x + (all.width - box.width) / 2, right: all.x + all.width - box.width }[how as string] ?? box.x;
    const y = { top: all.y, middle: all.y + (all.height - box.height) / 2, bottom: all.y + all.height - box.height }[how as string] ?? box.y;
    places.set(id, { x: Math.round(x), y: Math.round(y) });
  }
  return places;
}

/** Equal gaps between the boxes, the outer two stay. */
export function distribute(boxes: ReadonlyMap<string, Box>, axis: "x" | "y"): Map<string, Point> {
  const size = axis === "x" ? "width" : "height";
  const sorted = [...boxes].sort(([, a], [, b]) => a[axis] - b[axis]);
  const places = new Map<string, Point>();
  if (sorted.length < 3) return places;
  const [first, last] = [sorted[0]![1], sorted.at(-1)![1]];
  const taken = sorted.reduce((sum, [, box]) => sum + box[size], 0);
  const gap = (last[axis] + last[size] - first[axis] - taken) / (sorted.length - 1);
  let at = first[axis];
  for (const [id, box] of sorted) {
    places.set(id, { x: box.x, y: box.y, [axis]: Math.round(at) });
    at += box[size] + gap;
  }
  return places;
}

/** A free place near `at`: a new node never covers another. */
export function freePlace(at: Point, boxes: readonly Box[]): Point {
  const place = snapPoint(at);
  const covered = (): boolean => boxes.some((box) => place.x < box.x + box.width + 8 && place.x + NODE_WIDTH + 8 > box.x && place.y < box.y + box.height + 8 && place.y + NODE_HEIGHT + 8 > box.y);
  for (let tries = 0; tries < 40 && covered(); tries++) place.y += NODE_HEIGHT + 28;
  return { x: snap(place.x), y: snap(place.y) };
}

export interface Guide {
  axis: "x" | "y";
  at: number;
  from: number;
  to: number;
}

/** Lines on which a dragged box is level with others near it, and how far it is from them. */
export function guides(moving: Box, others: readonly Box[], reach = 5): { guides: Guide[]; dx: number; dy: number } {
  const found: Guide[] = [];
  const delta = { x: 0, y: 0 };
  for (const axis of ["x", "y"] as const) {
    const [size, cross, depth] = axis === "x" ? (["width", "y", "height"] as const) : (["height", "x", "width"] as const);
    const marks = (box: Box): number[] => [box[axis], box[axis] + box[size] / 2, box[axis] + box[size]];
    let best = reach + 1;
    let line: Guide | null = null;
    for (const other of others) {
      marks(moving).forEach((mine, index) => {
        const theirs = marks(other)[index]!;
        if (Math.abs(theirs - mine) >= best) return;
        best = Math.abs(theirs - mine);
        delta[axis] = theirs - mine;
        line = { axis, at: theirs, from: Math.min(moving[cross], other[cross]), to: Math.max(moving[cross] + moving[depth], other[cross] + other[depth]) };
      });
    }
    if (line) found.push(line);
  }
  return { guides: found, dx: delta.x, dy: delta.y };
}
