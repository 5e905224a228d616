/** A loose module dragged onto an edge is put into it; the edge shows that it would be. */
import type { Actions } from "../commands/actions.ts";
import type { FlowNode } from "./types.ts";

/** The edge under a place of the screen, if there is one. */
export function edgeAt(x: number, y: number): string | null {
  for (const element of document.elementsFromPoint(x, y)) {
    const edge = element.closest(".react-flow__edge");
    if (edge) return edge.getAttribute("data-id");
  }
  return null;
}

let shown: Element | null = null;

export function showTarget(id: string | null): void {
  const element = id === null ? null : document.querySelector(`.react-flow__edge[data-id="${CSS.escape(id)}"]`);
  if (element === shown) return;
  shown?.classList.remove("is-target");
  element?.classList.add("is-target");
  shown = element;
}

export function makeDropEdge(actions: Actions) {
  let target: string | null = null;
  return {
    onDrag(node: FlowNode, dragged: readonly FlowNode[]): void {
      target = null;
      if (dragged.length === 1 && node.type === "module" && !isWired(actions, node.id)) {
        const middle = actions.canvas?.toScreen({ x: node.position.x + (node.width ?? 0) / 2, y: node.position.y + (node.height ?? 0) / 2 });
        target = middle ? edgeAt(middle.x, middle.y) : null;
      }
      showTarget(target);
    },
    onStop(node: FlowNode): void {
      showTarget(null);
      if (target) actions.splice(node.id, target);
      target = null;
    },
  };
}

function isWired(actions: Actions, id: string): boolean {
  for (const edge of actions.designer.draft.snapshot.get().edges.values()) if (edge.source === id || edge.target === id) return true;
  return false;
}
