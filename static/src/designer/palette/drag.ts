/** Dragging a palette row onto the canvas, with mouse, pen or finger. */
import { NODE_HEIGHT, NODE_WIDTH } from "../../graph/arrange.ts";
import { splicePorts } from "../../graph/edits.ts";
import { edgeAt, showTarget } from "../canvas/dropedge.ts";
import type { Actions } from "../commands/actions.ts";
import type { PaletteItem } from "./entries.ts";

const STARTS_AT = 5;

export function startDrag(event: React.PointerEvent, item: PaletteItem, actions: Actions): void {
  if (event.button !== 0 || !actions.canEdit || item.component.unavailable) return;
  const from = { x: event.clientX, y: event.clientY };
  let ghost: HTMLElement | null = null;
  let edge: string | null = null;
  const canvas = (x: number, y: number): boolean => Boolean(document.elementFromPoint(x, y)?.closest(".d-flow"));
  const move = (moved: PointerEvent): void => {
    if (!ghost && Math.hypot(moved.clientX - from.x, moved.clientY - from.y) < STARTS_AT) return;
    ghost ??= makeGhost(item.title);
    moved.preventDefault();
    const zoom = actions.canvas ? actions.canvas.toScreen({ x: 1, y: 0 }).x - actions.canvas.toScreen({ x: 0, y: 0 }).x : 1;
    ghost.style.transform = `translate(${moved.clientX - (NODE_WIDTH * zoom) / 2}px, ${moved.clientY - (NODE_HEIGHT * zoom) / 2}px) scale(${zoom})`;
    ghost.classList.toggle("is-over", canvas(moved.clientX, moved.clientY));
    const under = edgeAt(moved.clientX, moved.clientY);
    const context = actions.context();
    const wire = under ? context?.edges.get(under) : undefined;
    edge = wire && context && splicePorts(context, wire, item.component) ? under : null;
    showTarget(edge);
  };
  const end = (ended: PointerEvent): void => {
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", end);
    document.removeEventListener("pointercancel", end);
    document.removeEventListener("keydown", stop, true);
    showTarget(null);
    if (!ghost) return;
    ghost.remove();
    // The click that follows a drag is no click.
    const swallow = (click: MouseEvent): void => click.stopPropagation();
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => {
      removeEventListener("click", swallow, { capture: true }); // a finger's drag has none
      document.dispatchEvent(new Event("d-drag-end"));
    });
    if (ended.type !== "pointerup" || !canvas(ended.clientX, ended.clientY) || !actions.canvas) return;
    const at = actions.canvas.toFlow({ x: ended.clientX, y: ended.clientY });
    actions.canvas.focus(actions.add(item, at, edge ? { edge } : {}));
  };
  const stop = (key: KeyboardEvent): void => {
    if (key.key !== "Escape") return;
    key.stopPropagation();
    end(new PointerEvent("pointercancel"));
  };
  document.addEventListener("pointermove", move, { passive: false });
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
  document.addEventListener("keydown", stop, true);
}

function makeGhost(title: string): HTMLElement {
  const ghost = document.createElement("div");
  ghost.className = "d-ghost";
  ghost.textContent = title;
  document.body.append(ghost);
  return ghost;
}
