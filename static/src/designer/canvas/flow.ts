/** The canvas between React Flow and the draft: what is drawn now, drags in progress, and what is in reach. */
import type { EdgeChange, NodeChange } from "@xyflow/react";
import { snapPoint, type Box } from "../../graph/arrange.ts";
import type { Point } from "../../graph/types.ts";
import { Cell } from "../store/cell.ts";
import type { Designer } from "../store/designer.ts";
import { SpatialIndex, holds } from "../../graph/spatial.ts";
import { FRAME_PREFIX, type FlowEdge, type FlowNode } from "./types.ts";
import { stepsOf } from "../../graph/components.ts";
import { fromGraph, type Snapshot } from "../store/snapshot.ts";
import { ViewBuilder, type View } from "./view.ts";

/** From so many nodes on (React Flow goes through all of its nodes in each step of a drag), React Flow is given only those near the window. */
const MANY = 400;
const MARGIN = 900;
const ANIMATION = 240;

export class Flow {
  readonly nodes = new Cell<FlowNode[]>([]);
  readonly edges = new Cell<FlowEdge[]>([]);
  readonly view = new Cell<View>({ nodes: new Map(), edges: new Map() });
  private readonly builder = new ViewBuilder();
  private readonly dressed = new Map<string, { base: FlowNode; selected: boolean; at: Point | null; made: FlowNode }>();
  private readonly dressedEdges = new Map<string, { base: FlowEdge; selected: boolean; made: FlowEdge }>();
  private moved = new Map<string, Point>();
  private carried = new Map<string, string[]>();
  private index: SpatialIndex | null = null;
  private range: Box | null = null;
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
        this.range = null;
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

  get isMany(): boolean {
    return this.view.get().nodes.size > MANY;
  }

  /** The part of the canvas that is on the screen; far beyond it nothing is drawn. */
  look(at: Box): void {
    if (!this.isMany || (this.range && holds(this.range, at))) return;
    this.range = { x: at.x - MARGIN, y: at.y - MARGIN, width: at.width + 2 * MARGIN, height: at.height + 2 * MARGIN };
    this.redraw();
  }

  private rebuild(): void {
    const { draft, catalogue, ui } = this.designer;
    const { component, inside } = ui.state.get();
    // Steps of a component have the names that they have in a run, so their status is found.
    if (component) this.view.set(this.builder.build((this.shown?.of === component ? this.shown : (this.shown = { of: component, snapshot: fromGraph(stepsOf(component)) })).snapshot, catalogue.get(), null));
    else this.view.set(this.builder.build(draft.snapshot.get(), catalogue.get(), inside));
    this.redraw();
  }

  private redraw(): void {
    const view = this.view.get();
    const selection = this.designer.ui.selection.get();
    const chosen = this.designer.ui.selectedEdges.get();
    const { nodes, edges } = this.inReach(view, selection);
    this.nodes.set(nodes.map((node) => this.dress(node, selection.has(node.id))));
    this.edges.set(edges.map((edge) => this.dressEdge(edge, chosen.has(edge.id))));
  }

  private inReach(view: View, selection: ReadonlySet<string>): { nodes: Iterable<FlowNode> & { map: <T>(f: (n: FlowNode) => T) => T[] }; edges: FlowEdge[] } {
    if (!this.isMany) return { nodes: [...view.nodes.values()], edges: [...view.edges.values()] };
    if (this.indexed !== view) {
      this.index = new SpatialIndex(view.nodes.values(), view.edges.values());
      this.indexed = view;
    }
    const ids = this.index!.inside(this.range ?? { x: -MARGIN, y: -MARGIN, width: 3 * MARGIN, height: 3 * MARGIN });
    for (const id of this.moved.keys()) ids.add(id);
    const edges = new Map<string, FlowEdge>();
    const ends = new Set(ids);
    for (const id of ids) {
      for (const edgeId of this.index!.edgesOf(id)) {
        const edge = view.edges.get(edgeId)!;
        edges.set(edgeId, edge);
        ends.add(edge.source);
        ends.add(edge.target);
      }
    }
    // A marquee or select-all may hold thousands; those out of reach are drawn when they come near.
    if (selection.size < 50) for (const id of selection) if (view.nodes.has(id)) ends.add(id);
    return { nodes: [...ends].flatMap((id) => view.nodes.get(id) ?? []), edges: [...edges.values()] };
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
    for (const change of changes) {
      if (change.type === "select") {
        chose = true;
        if (change.selected) selection.add(change.id);
        else selection.delete(change.id);
      } else if (change.type === "position" && change.position) {
        this.carry(change.id, change.position);
        dragged = true;
        dropped ||= !change.dragging;
      }
    }
    if (chose) ui.select(selection, ui.selectedEdges.get());
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
