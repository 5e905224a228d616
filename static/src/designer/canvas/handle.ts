/** What the mounted canvas offers to commands: looking around and the focus. */
import type { ReactFlowInstance } from "@xyflow/react";
import type { RefObject } from "react";
import { around, type Box } from "../../graph/arrange.ts";
import type { CanvasHandle } from "../commands/actions.ts";
import type { Designer } from "../store/designer.ts";
import { focusSoon } from "../commands/focus.ts";
import type { Flow } from "./flow.ts";
import type { FlowEdge, FlowNode } from "./types.ts";

const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
const glide = (): { duration: number } => ({ duration: still() ? 0 : 240 });

export function makeHandle(designer: Designer, flow: Flow, instance: ReactFlowInstance<FlowNode, FlowEdge>, root: RefObject<HTMLElement | null>): CanvasHandle {
  const size = (): { width: number; height: number } => root.current?.getBoundingClientRect() ?? { width: 1, height: 1 };
  const middle = (): { x: number; y: number } => {
    const { left = 0, top = 0, width = 0, height = 0 } = root.current?.getBoundingClientRect() ?? {};
    return { x: left + width / 2, y: top + height / 2 };
  };
  const all = (): Box | null => around([...flow.view.get().nodes.values()].map((node) => ({ ...node.position, width: node.width ?? 0, height: node.height ?? 0 })));
  const fitTo = (box: Box, limit: number): void => void instance.fitBounds(box, { padding: 0.08, ...glide() }).then(() => instance.getZoom() > limit && instance.zoomTo(limit, glide()));

  function show(boxes: readonly Box[], zoomIn = false): void {
    const box = around(boxes);
    if (!box) return;
    if (zoomIn) return fitTo(box, 1.5);
    const { x, y, zoom } = instance.getViewport();
    const { width, height } = size();
    const [left, top] = [box.x * zoom + x, box.y * zoom + y];
    const inside = left >= 0 && top >= 0 && left + box.width * zoom <= width && top + box.height * zoom <= height;
    if (!inside) void instance.setCenter(box.x + box.width / 2, box.y + box.height / 2, { zoom, ...glide() });
  }

  return {
    flow,
    centre: () => instance.screenToFlowPosition(middle(), { snapToGrid: false }),
    toFlow: (screen) => instance.screenToFlowPosition(screen, { snapToGrid: false }),
    toScreen: (point) => instance.flowToScreenPosition(point),
    fit: () => {
      const box = all();
      if (!box) return;
      const { width, height } = size();
      const zoom = Math.max(0.1, Math.min(1, (width - 48) / box.width, (height - 64) / box.height));
      void instance.setCenter(box.x + box.width / 2, box.y + box.height / 2, { zoom, ...glide() });
    },
    zoom: (factor) => void instance.zoomTo(instance.getZoom() * factor, glide()),
    zoomTo: (level) => void instance.zoomTo(level, glide()),
    show,
    focus(id) {
      const node = id === null ? undefined : designer.draft.node(id);
      if (node) show([{ ...node.position, width: 232, height: 52 }]);
      focusSoon(() => (id === null ? root.current : root.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`))); // a node is drawn once it is near the window
    },
  };
}
