/** Snap lines: while a node is dragged, lines show with which others it is level. */
import { ViewportPortal } from "@xyflow/react";
import { guides as findGuides, type Guide } from "../../graph/arrange.ts";
import { Cell } from "../store/cell.ts";
import { useCell } from "../store/hooks.ts";
import type { Flow } from "./flow.ts";
import type { FlowNode } from "./types.ts";

const NEAR = 640;
const MOST = 120;

/** The lines live in a cell, so that a drag does not render the whole canvas for them. */
export function makeGuides(flow: Flow) {
  const lines = new Cell<readonly Guide[]>([]);
  return {
    lines,
    onDrag(node: FlowNode, dragged: readonly FlowNode[]): void {
      const box = { ...node.position, width: node.width ?? 0, height: node.height ?? 0 };
      const moving = new Set(dragged.map((one) => one.id));
      const others = flow.nodes
        .get()
        .filter((one) => !moving.has(one.id) && one.type !== "group" && Math.abs(one.position.x - box.x) < NEAR && Math.abs(one.position.y - box.y) < NEAR)
        .slice(0, MOST)
        .map((one) => ({ ...one.position, width: one.width ?? 0, height: one.height ?? 0 }));
      const { guides } = findGuides(box, others, 0.5);
      if (lines.get().length || guides.length) lines.set(guides);
    },
    onStop: () => lines.set([]),
  };
}

export function GuideLines({ lines }: { lines: Cell<readonly Guide[]> }) {
  const guides = useCell(lines);
  if (!guides.length) return null;
  return (
    <ViewportPortal>
      {guides.map(({ axis, at, from, to }) => (
        <span key={axis} className={`d-guide d-guide-${axis}`} style={axis === "x" ? { transform: `translate(${at}px, ${from}px)`, height: to - from } : { transform: `translate(${from}px, ${at}px)`, width: to - from }} />
      ))}
    </ViewportPortal>
  );
}
