/** The canvas between React Flow and the draft: what is drawn now, drags in progress, and what is in reach. */
import type { EdgeChange, NodeChange } from "@xyflow/react";
import { snapPoint, type Box } from "../../graph/arrange.ts";
import type { Point } from "../../graph/types.ts";
import { Cell } from "../store/cell.ts";
import type { Designer } from "../store/designer.ts";
import { SpatialIndex, holds, overlaps } from "../../graph/spatial.ts";
import { FRAME_PREFIX, type FlowEdge, type FlowNode } from "./types.ts";
import { stepsOf } from "../../graph/components.ts";
import { fromGraph, type Snapshot } from "../store/snapshot.ts";
import { ViewBuilder, type View } from "./view.ts";

/** From so many nodes on (React Flow goes through all of its nodes in each step of a drag), only those near the window are elements. */
const SOME = 60;
/** From so many on, what is far away is one picture. */
const MANY = 400;
/** How far beyond the window, in its own pixels: a short way back and forth makes and drops nothing. */
const MARGIN = 200;
/** From this zoom down so many are drawn as one picture, not as elements. */
export const OVERVIEW_ZOOM = 0.25;
/** A selection of more than this is not drawn out of reach. */
const HELD = 50;
const ANIMATION = 240;

export class Flow {
  readonly nodes = new Cell<FlowNode[]>([]);
  readonly edges = new Cell<FlowEdge[]>([]);
  readonly view = new Cell<View>({ nodes: new Map(), edges: new Map() });
  /** Whether the picture of `Overview` stands for the elements. */
  readonly overview = new Cell(false);
  private readonly builder = new ViewBuilder();
  private readonly dressed = new Map<string, { base: FlowNode; selected: boolean; at: Point | null; made: FlowNode }>();
  private readonly dressedEdges = new Map<string, { base: FlowEdge; selected: boolean; made: FlowEdge }>();
  private readonly ghosts = new WeakMap<FlowNode, FlowNode>();
  private moved = new Map<string, Point>();
  private carried = new Map<string, string[]>();
  private index: SpatialIndex | null = null;
  private range: Box = { x: 0, y: 0, width: 0, height: 0 };
  private reach: { view: View; range: Box; selection: ReadonlySet<string>; far: boolean; moved: number; nodes: FlowNode[]; edges: FlowEdge[] } | null = null;
  private zoom = 1;
  private indexed: View | null = null;
  private shown: { of: object; snapshot: Snapshot } | null = null;
  private frame = 0;
  private readonly leave: (() => void)[];

  constructor(private readonly designer: Designer) {
    const { draft, catalogue, ui } = designer;
    let inside: string | null = null;
    let component = ui.state.get().component;
    const again = (): void => this.rebuild();
    const onUi = (): void => {
      const now = ui.state.get();
      if (now.inside !== inside || now.component !== component) {
        inside = now.inside;
        component = now.component;
        this.rebuild();
      }
    };
    this.leave = [draft.snapshot.subscribe(again), catalogue.subscribe(again), ui.selection.subscribe(again), ui.selectedEdges.subscribe(again), ui.state.subscribe(onUi)];
    this.rebuild();
  }

  stop(): void {
    for (const end of this.leave) end();
    cancelAnimationFrame(this.frame);
  }

  private get isMany(): boolean {
    return this.view.get().nodes.size > MANY;
  }

  /** The part of the canvas that is on the screen; far beyond it nothing is drawn. */
  look(at: Box, zoom: number): void {
    this.zoom = zoom;
    const far = this.isMany && zoom <= OVERVIEW_ZOOM;
    const margin = MARGIN / zoom;
    // As much again on a closer look: after zooming in, what stands outside is not kept.
    const kept = holds(this.range, at) && this.range.width < at.width + 4 * margin;
    if (kept && far === this.overview.get()) return;
    this.range = { x: at.x - margin, y: at.y - margin, width: at.width + 2 * margin, height: at.height + 2 * margin };
    this.overview.set(far);
    this.redraw();
  }

  /** What lies in a part of the canvas, for who draws it or looks there. */
  inside(area: Box): FlowNode[] {
    const { nodes } = this.view.get();
    return [...this.indexOf(this.view.get()).inside(area)].flatMap((id) => nodes.get(id) ?? []);
  }

  /** All there are, or those that are near where there are very many. */
  nearby(): string[] {
    return this.isMany ? this.nodes.get().map((node) => node.id) : [...this.view.get().nodes.keys()];
  }

  edgesAt(id: string): readonly string[] {
    return this.indexOf(this.view.get()).edgesOf(id);
  }

  private indexOf(view: View): SpatialIndex {
    if (this.indexed !== view || !this.index) {
      this.index = new SpatialIndex(view.nodes.values(), view.edges.values());
      this.indexed = view;
    }
    return this.index;
  }

  private rebuild(): void {
    const { draft, catalogue, ui } = this.designer;
    const { component, inside } = ui.state.get();
    // Steps of a component have the names that they have in a run, so their status is found.
    if (component) this.view.set(this.builder.build((this.shown?.of === component ? this.shown : (this.shown = { of: component, snapshot: fromGraph(stepsOf(component)) })).snapshot, catalogue.get(), null));
    else this.view.set(this.builder.build(draft.snapshot.get(), catalogue.get(), inside));
    this.overview.set(this.isMany && this.zoom <= OVERVIEW_ZOOM);
    this.redraw();
  }

  private redraw(): void {
    const view = this.view.get();
    const selection = this.designer.ui.selection.get();
    const chosen = this.designer.ui.selectedEdges.get();
    const { nodes, edges } = this.inReach(view, selection);
    // React Flow goes through all of them when it is given another list, so it gets another only when there is one.
    this.nodes.update((before) => same(before, nodes.map((node) => this.dress(node, selection.has(node.id)))));
    this.edges.update((before) => same(before, edges.map((edge) => this.dressEdge(edge, chosen.has(edge.id)))));
  }

  private inReach(view: View, selection: ReadonlySet<string>): { nodes: FlowNode[]; edges: FlowEdge[] } {
    const far = this.overview.get();
    const known = this.reach;
    // The same in each step of a drag.
    if (known && known.view === view && known.range === this.range && known.selection === selection && known.far === far && known.moved === this.moved.size) return known;
    const found = view.nodes.size <= SOME ? { nodes: [...view.nodes.values()], edges: [...view.edges.values()] } : this.near(view, selection, far);
    this.reach = { view, range: this.range, selection, far, moved: this.moved.size, ...found };
    return this.reach;
  }

  private near(view: View, selection: ReadonlySet<string>, far: boolean): { nodes: FlowNode[]; edges: FlowEdge[] } {
    const ids = far ? new Set<string>() : this.indexOf(view).inside(this.range);
    for (const { id } of this.nodes.get()) if (this.moved.has(id)) ids.add(id);
    // A marquee or select-all may hold thousands; those out of reach are drawn when they come near.
    if (selection.size < HELD) for (const id of selection) ids.add(id);
    // Where Tab enters the canvas.
    const [first] = this.designer.draft.snapshot.get().nodes.keys();
    if (first !== undefined && !far) ids.add(first);
    const nodes = [...ids].flatMap((id) => view.nodes.get(id) ?? []);
    if (far) return { nodes, edges: [] };
    const edges: FlowEdge[] = [];
    for (const edge of view.edges.values()) {
      const [from, to] = [view.nodes.get(edge.source), view.nodes.get(edge.target)];
      if (!from || !to || !(this.moved.has(from.id) || this.moved.has(to.id) || overlaps(this.range, between(from, to)))) continue;
      edges.push(edge);
      // An end that is far away is there for the edge only.
      for (const end of [from, to]) {
        if (ids.has(end.id)) continue;
        ids.add(end.id);
        nodes.push(this.ghost(end));
      }
    }
    return { nodes, edges };
  }

  private ghost(base: FlowNode): FlowNode {
    let made = this.ghosts.get(base);
    if (!made) this.ghosts.set(base, (made = { ...base, hidden: true }));
    return made;
  }

  private dress(base: FlowNode, selected: boolean): FlowNode {
    const at = this.moved.get(base.id) ?? null;
    const known = this.dressed.get(base.id);
    if (known && known.base === base && known.selected === selected && known.at === at) return known.made;
    const made = (selected || at ? { ...base, selected, position: at ?? base.position } : base) as FlowNode;
    this.dressed.set(base.id, { base, selected, at, made });
    return made;
  }

  private dressEdge(base: FlowEdge, selected: boolean): FlowEdge {
    const known = this.dressedEdges.get(base.id);
    if (known && known.base === base && known.selected === selected) return known.made;
    const made = selected ? { ...base, selected } : base;
    this.dressedEdges.set(base.id, { base, selected, made });
    return made;
  }

  // -- what React Flow tells

  readonly onNodesChange = (changes: NodeChange<FlowNode>[]): void => {
    const { ui } = this.designer;
    const selection = new Set(ui.selection.get());
    let chose = false;
    let dragged = false;
    let dropped = false;
    let lead: { id: string; to: Point } | null = null;
    for (const change of changes) {
      if (change.type === "select") {
        chose = true;
        if (change.selected) selection.add(change.id);
        else selection.delete(change.id);
      } else if (change.type === "position" && change.position) {
        this.carry(change.id, change.position);
        if (selection.has(change.id)) lead = { id: change.id, to: change.position };
        dragged = true;
        dropped ||= !change.dragging;
      }
    }
    if (chose) ui.select(selection, ui.selectedEdges.get());
    if (lead) this.trail(lead.id, lead.to, selection);
    if (dragged) this.redraw();
    if (dropped) this.drop();
  };

  readonly onEdgesChange = (changes: EdgeChange<FlowEdge>[]): void => {
    const { ui } = this.designer;
    const chosen = new Set(ui.selectedEdges.get());
    for (const change of changes) {
      if (change.type !== "select") continue;
      if (change.selected) chosen.add(change.id);
      else chosen.delete(change.id);
    }
    ui.select(ui.selection.get(), chosen);
  };

  /** A frame and a group take along what they hold. */
  private carry(id: string, to: Point): void {
    const view = this.view.get();
    const held = this.carried.get(id) ?? this.heldBy(id);
    this.carried.set(id, held);
    this.moved.set(id, to);
    const base = view.nodes.get(id);
    if (!base) return;
    const selected = this.designer.ui.selection.get();
    for (const other of held) {
      const start = this.designer.draft.node(other)?.position ?? view.nodes.get(other)?.position;
      if (start && !(selected.has(other) && selected.has(id))) this.moved.set(other, { x: start.x + to.x - base.position.x, y: start.y + to.y - base.position.y });
    }
  }

  /** Of what is selected React Flow moves only what it was given; the rest follows. */
  private trail(id: string, to: Point, selection: ReadonlySet<string>): void {
    const view = this.view.get();
    const base = view.nodes.get(id);
    if (!base || selection.size < HELD) return;
    const given = new Set(this.nodes.get().map((node) => node.id));
    for (const other of selection) {
      const start = given.has(other) ? undefined : view.nodes.get(other)?.position;
      if (start) this.moved.set(other, { x: start.x + to.x - base.position.x, y: start.y + to.y - base.position.y });
    }
  }

  private heldBy(id: string): string[] {
    const base = this.view.get().nodes.get(id);
    if (base?.type === "group" || base?.type === "folded") return [...base.data.members];
    if (base?.type !== "note" || !base.data.note.frame) return [];
    const frame: Box = { ...base.position, width: base.width ?? 0, height: base.height ?? 0 };
    return [...this.view.get().nodes.values()].filter((node) => node.id !== id && holds(frame, { ...node.position, width: node.width ?? 0, height: node.height ?? 0 })).map((node) => node.id);
  }

  /** Where a node stands now, a drag in progress included. */
  positionOf(id: string): Point | undefined {
    return this.moved.get(id) ?? this.view.get().nodes.get(id)?.position;
  }

  private drop(): void {
    const places = new Map([...this.moved].filter(([id]) => !id.startsWith(FRAME_PREFIX)).map(([id, at]) => [id, snapPoint(at)]));
    this.moved = new Map();
    this.carried = new Map();
    this.designer.draft.moveNodes(places);
    this.redraw();
  }

  /** Take hold of places without React Flow: snapping to a guide line while dragging. */
  nudge(ids: readonly string[], by: Point): void {
    for (const id of ids) {
      const at = this.moved.get(id);
      if (at) this.moved.set(id, { x: at.x + by.x, y: at.y + by.y });
    }
    this.redraw();
  }

  /** Glide to new places, then keep them as one undo step. */
  glide(places: ReadonlyMap<string, Point>, label: string): void {
    const commit = (): void => {
      this.moved = new Map();
      this.designer.draft.moveNodes(places, label);
      this.redraw();
    };
    const starts = new Map([...places.keys()].flatMap((id) => (this.positionOf(id) ? [[id, this.positionOf(id)!] as const] : [])));
    if (matchMedia("(prefers-reduced-motion: reduce)").matches || places.size > 2000) return commit();
    const begun = performance.now();
    const step = (now: number): void => {
      const time = Math.min(1, (now - begun) / ANIMATION);
      const eased = 1 - (1 - time) ** 3;
      if (time === 1) return commit();
      for (const [id, from] of starts) {
        const to = places.get(id)!;
        this.moved.set(id, { x: from.x + (to.x - from.x) * eased, y: from.y + (to.y - from.y) * eased });
      }
      this.redraw();
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }
}

function same<T>(before: T[], after: T[]): T[] {
  return before.length === after.length && before.every((one, at) => one === after[at]) ? before : after;
}

function between(from: FlowNode, to: FlowNode): Box {
  const [left, top] = [Math.min(from.position.x, to.position.x), Math.min(from.position.y, to.position.y)];
  const right = Math.max(from.position.x + (from.width ?? 0), to.position.x + (to.width ?? 0));
  const bottom = Math.max(from.position.y + (from.height ?? 0), to.position.y + (to.height ?? 0));
  return { x: left, y: top, width: right - left, height: bottom - top };
}
