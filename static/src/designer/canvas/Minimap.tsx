/** The whole graph small, drawn on a canvas element so that ten thousand nodes cost little. */
import { Panel, useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import { around, type Box } from "../../graph/arrange.ts";
import { lookOf } from "../../ui/status.ts";
import { useStored } from "../app/stored.ts";
import { useDesigner, useRunNodes, useUi } from "../store/hooks.ts";
import type { Flow } from "./flow.ts";
import { blockOf, makeInk } from "./picture.ts";

const WIDTH = 120;
const HEIGHT = 88;

export function Minimap({ flow }: { flow: Flow }) {
  const [on] = useStored("minimap", true);
  const view = useSyncExternalStore(flow.view.subscribe, flow.view.get);
  return on && view.nodes.size ? (
    <Panel position="bottom-right" className="d-minimap">
      <Picture flow={flow} />
    </Panel>
  ) : null;
}

function Picture({ flow }: { flow: Flow }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLSpanElement>(null);
  const place = useRef<{ area: Box; scale: number } | null>(null);
  const designer = useDesigner();
  const instance = useReactFlow();
  const view = useSyncExternalStore(flow.view.subscribe, flow.view.get);
  const runs = useRunNodes();
  const overlay = useUi("overlay");
  const store = useStoreApi();
  // The frame is moved without React and without painting: it follows each step of a pan.
  const follow = useCallback((): void => {
    if (!frame.current || !place.current) return;
    const { transform, width, height } = store.getState();
    const [x, y, zoom] = transform;
    const { area, scale } = place.current;
    const [left, top] = marginsOf(area, scale);
    const { style } = frame.current;
    const size = [`${Math.round((width / zoom) * scale)}px`, `${Math.round((height / zoom) * scale)}px`] as const;
    if (style.width !== size[0]) style.width = size[0];
    if (style.height !== size[1]) style.height = size[1];
    style.transform = `translate(${left + (-x / zoom - area.x) * scale}px, ${top + (-y / zoom - area.y) * scale}px)`;
  }, [store]);
  useEffect(() => store.subscribe(follow), [store, follow]);

  useEffect(() => {
    const paint = (): void => {
      const area = grown(around([...view.nodes.values()].map((node) => ({ ...node.position, width: node.width ?? 0, height: node.height ?? 0 }))) ?? { x: 0, y: 0, width: 1, height: 1 });
      const scale = Math.min(WIDTH / area.width, HEIGHT / area.height);
      const pen = canvas.current?.getContext("2d");
      if (!pen) return;
      const ratio = devicePixelRatio || 1;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, WIDTH, HEIGHT);
      pen.translate(...marginsOf(area, scale));
      const color = makeInk();
      for (const node of view.nodes.values()) {
        if (node.type === "group" || (node.type === "note" && node.data.note.frame)) continue;
        const run = overlay === "run" ? runs.get(node.id) : undefined;
        pen.globalAlpha = run ? 1 : 0.55;
        pen.fillStyle = color(run ? `bar-${lookOf(run.status, run.reused).kind}` : blockOf(node));
        if (designer.ui.selection.get().has(node.id)) {
          pen.globalAlpha = 1;
          pen.fillStyle = color("accent");
        }
        pen.fillRect((node.position.x - area.x) * scale, (node.position.y - area.y) * scale, Math.max(2, (node.width ?? 0) * scale), Math.max(1.5, (node.height ?? 0) * scale));
      }
      place.current = { area, scale };
      follow();
    };
    paint();
    document.addEventListener("theme-changed", paint);
    const leave = designer.ui.selection.subscribe(paint);
    return () => {
      document.removeEventListener("theme-changed", paint);
      leave();
    };
  }, [view, runs, overlay, designer, follow]);

  const go = (event: React.PointerEvent): void => {
    const held = place.current;
    if (!held || !(event.buttons & 1)) return;
    const box = event.currentTarget.getBoundingClientRect();
    const { area, scale } = held;
    const [left, top] = marginsOf(area, scale);
    void instance.setCenter((event.clientX - box.left - left) / scale + area.x, (event.clientY - box.top - top) / scale + area.y, { zoom: instance.getZoom() });
  };
  const ratio = typeof devicePixelRatio === "number" ? devicePixelRatio : 1;
  return (
    <span className="d-minimap-view">
      <canvas ref={canvas} width={WIDTH * ratio} height={HEIGHT * ratio} style={{ width: WIDTH, height: HEIGHT }} role="img" aria-label={`Overview of ${view.nodes.size} items`} onPointerDown={go} onPointerMove={go} />
      <span className="d-minimap-frame" ref={frame} aria-hidden="true" />
    </span>
  );
}

const marginsOf = (area: Box, scale: number): [number, number] => [(WIDTH - area.width * scale) / 2, (HEIGHT - area.height * scale) / 2];

function grown({ x, y, width, height }: Box): Box {
  const pad = Math.max(width, height) * 0.06 + 20;
  return { x: x - pad, y: y - pad, width: width + 2 * pad, height: height + 2 * pad };
}
