/** The whole graph small, drawn on a canvas element so that ten thousand nodes cost little. */
import { Panel, useReactFlow, useStore } from "@xyflow/react";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { around, type Box } from "../../graph/arrange.ts";
import { lookOf } from "../../ui/status.ts";
import { token } from "../../ui/dom.ts";
import { useStored } from "../app/stored.ts";
import { useDesigner, useRunNodes, useUi } from "../store/hooks.ts";
import { tileOf } from "../app/Icon.tsx";
import type { Flow } from "./flow.ts";
import type { FlowNode } from "./types.ts";

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
  const blocks = useRef<{ image: HTMLCanvasElement; area: Box; scale: number; accent: string } | null>(null);
  const designer = useDesigner();
  const instance = useReactFlow();
  const view = useSyncExternalStore(flow.view.subscribe, flow.view.get);
  const runs = useRunNodes();
  const overlay = useUi("overlay");
  const [x, y, zoom] = useStore((state) => state.transform);
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);

  useEffect(() => {
    const paint = (): void => {
      const area = grown(around([...view.nodes.values()].map((node) => ({ ...node.position, width: node.width ?? 0, height: node.height ?? 0 }))) ?? { x: 0, y: 0, width: 1, height: 1 });
      const scale = Math.min(WIDTH / area.width, HEIGHT / area.height);
      const image = document.createElement("canvas");
      const ratio = devicePixelRatio || 1;
      image.width = WIDTH * ratio;
      image.height = HEIGHT * ratio;
      const pen = image.getContext("2d");
      if (!pen) return;
      pen.scale(ratio, ratio);
      pen.translate((WIDTH - area.width * scale) / 2, (HEIGHT - area.height * scale) / 2);
      const known = new Map<string, string>();
      const color = (name: string): string => known.get(name) ?? (known.set(name, token(name)), known.get(name)!);
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
      blocks.current = { image, area, scale, accent: color("accent") };
      frame();
    };
    paint();
    document.addEventListener("theme-changed", paint);
    const leave = designer.ui.selection.subscribe(paint);
    return () => {
      document.removeEventListener("theme-changed", paint);
      leave();
    };
  }, [view, runs, overlay, designer]);

  const frame = (): void => {
    const pen = canvas.current?.getContext("2d");
    const held = blocks.current;
    if (!pen || !held || !canvas.current) return;
    const ratio = devicePixelRatio || 1;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.current.width, canvas.current.height);
    pen.drawImage(held.image, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { area, scale } = held;
    const [left, top] = [(WIDTH - area.width * scale) / 2, (HEIGHT - area.height * scale) / 2];
    pen.strokeStyle = held.accent; // asking the page for it would make it compute all styles each frame
    pen.strokeRect(left + (-x / zoom - area.x) * scale, top + (-y / zoom - area.y) * scale, (width / zoom) * scale, (height / zoom) * scale);
  };
  useEffect(frame);

  const go = (event: React.PointerEvent): void => {
    const held = blocks.current;
    if (!held || !(event.buttons & 1)) return;
    const box = event.currentTarget.getBoundingClientRect();
    const { area, scale } = held;
    const [left, top] = [(WIDTH - area.width * scale) / 2, (HEIGHT - area.height * scale) / 2];
    void instance.setCenter((event.clientX - box.left - left) / scale + area.x, (event.clientY - box.top - top) / scale + area.y, { zoom });
  };
  const ratio = typeof devicePixelRatio === "number" ? devicePixelRatio : 1;
  return <canvas ref={canvas} width={WIDTH * ratio} height={HEIGHT * ratio} style={{ width: WIDTH, height: HEIGHT }} role="img" aria-label={`Overview of ${view.nodes.size} items`} onPointerDown={go} onPointerMove={go} />;
}

/** The colour that stands for a node where there is no run to show. */
function blockOf(node: FlowNode): string {
  if (node.type === "note") return "tile-metrics";
  const { kind } = tileOf(node.type === "module" ? (node.data.component?.category ?? "") : "", node.type === "module" ? node.data.node.component : "");
  return `port-${kind}`;
}

function grown({ x, y, width, height }: Box): Box {
  const pad = Math.max(width, height) * 0.06 + 20;
  return { x: x - pad, y: y - pad, width: width + 2 * pad, height: height + 2 * pad };
}
