/** Draws modules as blocks and edges as lines in the colours of status and type. */
import type { Box } from "../../graph/arrange.ts";
import { kindOf } from "../../graph/ports.ts";
import { token } from "../../ui/dom.ts";
import { lookOf } from "../../ui/status.ts";
import { tileOf } from "../app/Icon.tsx";
import type { Designer } from "../store/designer.ts";
import type { Flow } from "./flow.ts";
import type { FlowEdge, FlowNode } from "./types.ts";

/** More edges than this are straight lines. */
const CURVES = 600;

export type Ink = (name: string) => string;

/** The colours of the theme, each asked for once. */
export function makeInk(): Ink {
  const known = new Map<string, string>();
  return (name) => {
    let color = known.get(name);
    if (color === undefined) known.set(name, (color = token(name)));
    return color;
  };
}

/** The colour that stands for a node where there is no run to show. */
export function blockOf(node: FlowNode): string {
  if (node.type === "note") return "tile-metrics";
  const { kind } = tileOf(node.type === "module" ? (node.data.component?.category ?? "") : "", node.type === "module" ? node.data.node.component : "");
  return `port-${kind}`;
}

interface Scene {
  flow: Flow;
  designer: Designer;
  area: Box;
  zoom: number;
  ink: Ink;
}

export function drawGraph(pen: CanvasRenderingContext2D, scene: Scene): void {
  const nodes = scene.flow.inside(scene.area);
  drawEdges(pen, scene, nodes);
  for (const node of nodes) if (isGround(node)) drawGround(pen, scene, node);
  for (const node of nodes) if (!isGround(node)) drawBlock(pen, scene, node);
  pen.globalAlpha = 1;
}

const isGround = (node: FlowNode): boolean => node.type === "group" || (node.type === "note" && Boolean(node.data.note.frame));

function drawGround(pen: CanvasRenderingContext2D, { flow, ink, zoom }: Scene, node: FlowNode): void {
  const { x, y } = flow.positionOf(node.id) ?? node.position;
  pen.globalAlpha = 1;
  pen.strokeStyle = ink("line-2");
  pen.lineWidth = 1 / zoom;
  pen.strokeRect(x, y, node.width ?? 0, node.height ?? 0);
}

function drawBlock(pen: CanvasRenderingContext2D, { flow, designer, ink, zoom }: Scene, node: FlowNode): void {
  const { ui, runs, problemsOf } = designer;
  const { overlay, highlight, highlightKind } = ui.state.get();
  const { x, y } = flow.positionOf(node.id) ?? node.position;
  const [width, height] = [node.width ?? 0, node.height ?? 0];
  const run = overlay === "run" ? runs.nodes.get(node.id) : undefined;
  const disabled = node.type === "module" && node.data.node.disabled;
  pen.globalAlpha = disabled ? 0.35 : run ? 1 : 0.75;
  pen.fillStyle = ink(run ? `bar-${lookOf(run.status, run.reused).kind}` : blockOf(node));
  pen.fillRect(x, y, width, height);
  const ring = ui.selection.get().has(node.id) ? "accent" : highlight.has(node.id) ? (highlightKind === "loop" ? "failed" : "accent") : (problemsOf.get(node.id) ?? []).some((problem) => problem.severity === "error") ? "failed" : "";
  if (!ring) return;
  pen.globalAlpha = 1;
  pen.strokeStyle = ink(ring);
  pen.lineWidth = 2 / zoom;
  pen.strokeRect(x, y, width, height);
}

function drawEdges(pen: CanvasRenderingContext2D, { flow, ink, zoom }: Scene, nodes: readonly FlowNode[]): void {
  const view = flow.view.get();
  const byColor = new Map<string, FlowEdge[]>();
  const seen = new Set<string>();
  for (const node of nodes) {
    for (const id of flow.edgesAt(node.id)) {
      const edge = view.edges.get(id);
      if (!edge || seen.has(id)) continue;
      seen.add(id);
      const color = `port-${kindOf(edge.data?.type ?? "any")}`;
      const list = byColor.get(color);
      if (list) list.push(edge);
      else byColor.set(color, [edge]);
    }
  }
  pen.globalAlpha = 0.45;
  pen.lineWidth = 1 / zoom;
  for (const [color, edges] of byColor) {
    pen.strokeStyle = ink(color);
    pen.beginPath();
    for (const edge of edges) trace(pen, flow, edge, seen.size <= CURVES);
    pen.stroke();
  }
}

function trace(pen: CanvasRenderingContext2D, flow: Flow, edge: FlowEdge, curved: boolean): void {
  const from = endOf(flow, edge.source, edge.sourceHandle, "source");
  const to = endOf(flow, edge.target, edge.targetHandle, "target");
  if (!from || !to) return;
  pen.moveTo(from[0], from[1]);
  if (!curved) return pen.lineTo(to[0], to[1]);
  const bend = Math.max(40, Math.abs(to[1] - from[1]) / 3);
  pen.bezierCurveTo(from[0], from[1] + bend, to[0], to[1] - bend, to[0], to[1]);
}

function endOf(flow: Flow, id: string, port: string | null | undefined, side: "source" | "target"): [number, number] | null {
  const node = flow.view.get().nodes.get(id);
  const at = node && flow.positionOf(id);
  if (!node || !at) return null;
  const handle = node.handles?.find((one) => one.type === side && one.id === port);
  return [at.x + (handle ? handle.x + (handle.width ?? 0) / 2 : (node.width ?? 0) / 2), at.y + (side === "source" ? (node.height ?? 0) : 0)];
}
