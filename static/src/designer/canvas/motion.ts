/** While the canvas is panned or a module dragged: what moves is a layer of its own, and nothing under the pointer is looked for. */
import type { Viewport } from "@xyflow/react";
import type { RefObject } from "react";

const CLICK = 3;

export interface Motion {
  begin: (event: MouseEvent | TouchEvent | null, viewport: Viewport) => void;
  move: (viewport: Viewport) => void;
  end: () => void;
  grab: (event: { type: string }) => void;
}

export function makeMotion(root: RefObject<HTMLElement | null>): Motion {
  let start: Viewport = { x: 0, y: 0, zoom: 1 };
  let moving = false;
  let mouse = false;
  const style = (): CSSStyleDeclaration | undefined => root.current?.querySelector<HTMLElement>(".react-flow__viewport")?.style;
  const shield = (on: boolean): void => {
    const element = root.current?.querySelector<HTMLElement>(".d-shield");
    if (!element || element.hidden !== on) return;
    element.hidden = !on;
    // A drag whose module somebody else deletes has no end that React Flow tells of.
    if (on) addEventListener("mouseup", () => (element.hidden = true), { capture: true, once: true });
  };
  return {
    begin(event, viewport) {
      start = viewport;
      mouse = Boolean(event?.type.startsWith("mouse"));
    },
    move(viewport) {
      // Not before it moves: a click, by an unsteady hand too, belongs to what is under it.
      if (mouse && Math.hypot(viewport.x - start.x, viewport.y - start.y) > CLICK) {
        shield(true);
        mouse = false;
      }
      // A layer keeps the sharpness of the zoom it was made at, so a change of zoom paints anew.
      const now = viewport.zoom === start.zoom;
      if (now === moving) return;
      moving = now;
      style()?.setProperty("will-change", now ? "transform" : "auto");
    },
    end() {
      moving = mouse = false;
      style()?.removeProperty("will-change");
      shield(false);
    },
    // A wheel and a second finger must still reach what is under them.
    grab: ({ type }) => shield(type.startsWith("mouse")),
  };
}
