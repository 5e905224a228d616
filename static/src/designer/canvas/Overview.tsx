/** Thousands of modules from far away: one picture in the place of their elements. A click goes to a module. */
import { Panel, useReactFlow, useStoreApi } from "@xyflow/react";
import { useEffect, useRef, useState } from "react";
import type { Box } from "../../graph/arrange.ts";
import type { Point } from "../../graph/types.ts";
import { grouped } from "../../ui/format.ts";
import { useDesigner } from "../store/hooks.ts";
import type { Flow } from "./flow.ts";
import { drawGraph, makeInk } from "./picture.ts";
import type { FlowNode } from "./types.ts";

/** Drawn beyond each side, so that a short pan only moves the picture. */
const BEYOND = 256;
const CLICK = 4;

export function Overview({ flow }: { flow: Flow }) {
  const designer = useDesigner();
  const store = useStoreApi();
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    let drawn: { x: number; y: number; zoom: number; width: number; height: number } | null = null;
    let ink = makeInk();
    let frame = 0;
    const draw = (): void => {
      frame = 0;
      const element = canvas.current;
      const pen = element?.getContext("2d");
      if (!element || !pen) return;
      const { transform, width, height } = store.getState();
      const [x, y, zoom] = transform;
      const ratio = devicePixelRatio || 1;
      const [wide, high] = [width + 2 * BEYOND, height + 2 * BEYOND];
      if (drawn?.width !== wide || drawn.height !== high) {
        element.width = wide * ratio;
        element.height = high * ratio;
        element.style.width = `${wide}px`;
        element.style.height = `${high}px`;
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, wide, high);
      pen.transform(zoom, 0, 0, zoom, x + BEYOND, y + BEYOND);
      const area: Box = { x: -(x + BEYOND) / zoom, y: -(y + BEYOND) / zoom, width: wide / zoom, height: high / zoom };
      drawGraph(pen, { flow, designer, area, zoom, ink });
      drawn = { x, y, zoom, width: wide, height: high };
      slide();
    };
    const later = (): void => {
      frame ||= requestAnimationFrame(draw);
    };
    const slide = (): void => {
      if (!drawn || !canvas.current) return;
      const [x, y, zoom] = store.getState().transform;
      const scale = zoom / drawn.zoom;
      const [left, top] = [x - (drawn.x + BEYOND) * scale, y - (drawn.y + BEYOND) * scale];
      canvas.current.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
      if (scale !== 1 || Math.abs(x - drawn.x) > BEYOND || Math.abs(y - drawn.y) > BEYOND) later();
    };
    const resized = (): void => {
      const { width, height } = store.getState();
      if (drawn && (drawn.width !== width + 2 * BEYOND || drawn.height !== height + 2 * BEYOND)) later();
      slide();
    };
    const recolour = (): void => {
      ink = makeInk();
      later();
    };
    draw();
    document.addEventListener("theme-changed", recolour);
    const leave = [store.subscribe(resized), flow.nodes.subscribe(later), flow.view.subscribe(later), designer.ui.selection.subscribe(later), designer.ui.state.subscribe(later), designer.runs.nodes.subscribeAll(later)];
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("theme-changed", recolour);
      leave.forEach((end) => end());
    };
  }, [designer, flow, store]);

  return (
    <>
      <canvas className="d-overview" ref={canvas} aria-hidden="true" />
      <Pointer flow={flow} />
      <Panel position="top-center" className="d-overview-note">
        {grouped(flow.view.get().nodes.size)} modules from far: click one, or zoom in, to work on it
      </Panel>
    </>
  );
}

/** The module whose block is under the pointer: its name beside it, a click to go there. */
function Pointer({ flow }: { flow: Flow }) {
  const { ui, draft } = useDesigner();
  const instance = useReactFlow();
  const store = useStoreApi();
  const [tip, setTip] = useState<{ id: string; x: number; y: number } | null>(null);

  useEffect(() => {
    const pane = store.getState().domNode?.querySelector<HTMLElement>(".react-flow__pane");
    if (!pane) return;
    let pressed: Point | null = null;
    const at = (event: MouseEvent): FlowNode | undefined => nodeAt(flow, instance.screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false }));
    const far = (event: MouseEvent): boolean => !pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > CLICK;
    const move = (event: PointerEvent): void => {
      const node = event.buttons ? undefined : at(event);
      pane.style.cursor = node ? "pointer" : "";
      setTip((before) => (before?.id === node?.id ? before : node ? { id: node.id, x: event.clientX, y: event.clientY } : null));
    };
    const down = (event: PointerEvent): void => {
      pressed = { x: event.clientX, y: event.clientY };
      setTip(null);
    };
    const click = (event: MouseEvent): void => {
      const node = far(event) ? undefined : at(event);
      if (!node) return;
      event.stopPropagation(); // React Flow would clear the selection
      const many = event.shiftKey || event.ctrlKey || event.metaKey;
      const held = ui.selection.get();
      ui.select(many ? (held.has(node.id) ? [...held].filter((id) => id !== node.id) : [...held, node.id]) : [node.id]);
      if (!many) void instance.setCenter(node.position.x + (node.width ?? 0) / 2, node.position.y + (node.height ?? 0) / 2, { zoom: 1, duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 240 });
    };
    // React Flow's own frame of selection knows elements only.
    const up = (event: PointerEvent): void => {
      if (!event.shiftKey || !pressed || !far(event)) return;
      const [a, b] = [pressed, { x: event.clientX, y: event.clientY }].map((point) => instance.screenToFlowPosition(point, { snapToGrid: false })) as [Point, Point];
      const area = { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
      ui.select(flow.inside(area).filter((node) => node.type !== "group").map((node) => node.id));
    };
    const leave = (): void => setTip(null);
    pane.addEventListener("pointermove", move);
    pane.addEventListener("pointerdown", down, true);
    pane.addEventListener("pointerup", up);
    pane.addEventListener("click", click);
    pane.addEventListener("pointerleave", leave);
    return () => {
      pane.style.cursor = "";
      pane.removeEventListener("pointermove", move);
      pane.removeEventListener("pointerdown", down, true);
      pane.removeEventListener("pointerup", up);
      pane.removeEventListener("click", click);
      pane.removeEventListener("pointerleave", leave);
    };
  }, [flow, instance, store, ui]);

  if (!tip) return null;
  const node = flow.view.get().nodes.get(tip.id);
  const name = node?.type === "module" ? node.data.node.label || node.data.component?.title || node.data.node.component : draft.nameOf(tip.id);
  return (
    <div className="d-tip" style={{ left: tip.x, top: tip.y }}>
      <strong>{name}</strong>
    </div>
  );
}

/** The uppermost module at a place; a frame or a group is its ground. */
function nodeAt(flow: Flow, { x, y }: Point): FlowNode | undefined {
  return flow.inside({ x, y, width: 1, height: 1 }).findLast((node) => node.type === "module" || node.type === "folded");
}
