/** A finger that rests opens the menu, as the right button does. */
import type { PointerEvent } from "react";
import type { Point } from "../../graph/types.ts";

const REST = 550;
const STILL = 8;

export function longPress(open: (screen: Point, node: string | null, edge: string | null) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let start: Point = { x: 0, y: 0 };
  const stop = (): void => clearTimeout(timer);
  return {
    onPointerDownCapture: (event: PointerEvent): void => {
      stop();
      if (event.pointerType !== "touch" || !event.isPrimary || !(event.target instanceof Element)) return;
      const { target } = event;
      if (!target.closest(".react-flow__renderer") || target.closest(".d-handle, input, textarea")) return;
      const [node, edge] = [".react-flow__node", ".react-flow__edge"].map((of) => target.closest(of)?.getAttribute("data-id") ?? null) as [string | null, string | null];
      const at = (start = { x: event.clientX, y: event.clientY });
      timer = setTimeout(() => open(at, node, edge), REST);
    },
    onPointerMoveCapture: (event: PointerEvent): void => {
      if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL || !event.isPrimary) stop();
    },
    onPointerUpCapture: stop,
    onPointerCancelCapture: stop,
  };
}
