/** What a person can do to the draft, however it is asked for: key, button, menu or drop. */
import { align, distribute, freePlace, NODE_HEIGHT, NODE_WIDTH, snapPoint, type Alignment, type Box } from "../../graph/arrange.ts";
import { clip, place, read, write } from "../../graph/clipboard.ts";
import { downstream, upstream } from "../../graph/cycles.ts";
import { healing, portFor, splicePorts, starvedBy } from "../../graph/edits.ts";
import { tidy } from "../../graph/layout.ts";
import type { Component, GraphEdge, GraphNode, Params, Point, Wire } from "../../graph/types.ts";
import { checkWire, type Context } from "../../graph/validate.ts";
import { announce } from "../../ui/dom.ts";
import { toast } from "../../ui/toast.ts";
import type { Flow } from "../canvas/flow.ts";
import { FRAME_PREFIX } from "../canvas/types.ts";
import { boxOf } from "../canvas/view.ts";
import type { Designer } from "../store/designer.ts";
import type { PlanMode } from "../store/api.ts";
import { mayHold, takeApart } from "./components.ts";
import { validateDraft } from "./validating.ts";
import { noteUsed } from "../palette/favourites.ts";

/** What the mounted canvas offers to commands. */
export interface CanvasHandle {
  flow: Flow;
  centre(): Point;
  toFlow(screen: Point): Point;
  toScreen(point: Point): Point;
  fit(): void;
  zoom(factor: number): void;
  zoomTo(level: number): void;
  show(boxes: readonly Box[], zoomIn?: boolean): void;
  focus(id: string | null): void;
}

export interface NewModule {
  component: Component;
  label?: string;
  params?: Params;
}

export interface Loose {
  node: string;
  port: string;
  side: "source" | "target";
}

export class Actions {
  canvas: CanvasHandle | null = null;
  private pasted = 0;
  private undoNote: HTMLElement | null = null;

  constructor(readonly designer: Designer) {}

  private get draft() {
    return this.designer.draft;
  }

  private get ui() {
    return this.designer.ui;
  }

  get canEdit(): boolean {
    return this.draft.writable.get() && this.draft.isLive && !this.ui.state.get().component;
  }

  context(): Context | null {
    const catalogue = this.designer.catalogue.get();
    const { nodes, edges } = this.draft.snapshot.get();
    return catalogue && { nodes, edges, catalogue };
  }

  /** Selected modules; a selected group or frame stands for its members. */
  selectedNodes(): GraphNode[] {
    const { nodes } = this.draft.snapshot.get();
    const ids = new Set([...this.ui.selection.get()].flatMap((id) => this.membersOf(id)));
    return [...ids].flatMap((id) => nodes.get(id) ?? []);
  }

  private membersOf(id: string): string[] {
    if (!id.startsWith(FRAME_PREFIX)) return [id];
    const group = id.slice(FRAME_PREFIX.length);
    return [...this.draft.snapshot.get().nodes.values()].filter((node) => node.group === group).map((node) => node.id);
  }

  // -- adding

  /** Add a module near `at`; into an edge, or joined to a loose end, when one is given. */
  add({ component, label, params }: NewModule, at: Point | null, into: { edge?: string; loose?: Loose } = {}): string | null {
    if (!this.canEdit) return null;
    const { nodes, edges } = this.draft.snapshot.get();
    const boxes = [...nodes.values()].map(boxOf);
    const middle = at ?? this.canvas?.centre() ?? { x: 0, y: 0 };
    const corner = { x: middle.x - NODE_WIDTH / 2, y: middle.y - NODE_HEIGHT / 2 };
    const position = at ? snapPoint(corner) : freePlace(corner, boxes);
    const wires: Wire[] = [];
    let id = "";
    const inside = this.ui.state.get().inside;
    this.draft.change(`Add ${label ?? component.title}`, () => {
      id = this.draft.addNode({ component: component.name, version: component.version, params: params ?? {}, position, ...(label ? { label } : {}), ...(inside ? { group: inside } : {}) });
      const edge = into.edge ? edges.get(into.edge) : undefined;
      if (edge) wires.push(...this.spliceWires(id, component, edge));
      if (into.loose) wires.push(...this.looseWires(id, component, into.loose));
      for (const wire of wires) this.draft.putEdge(wire);
    });
    this.ui.select([id]);
    noteUsed(component.name);
    announce(`${label ?? component.title} added${wires.length ? " and connected" : ""}.`);
    return id;
  }

  private spliceWires(id: string, component: Component, edge: GraphEdge): Wire[] {
    const context = this.context();
    const ports = context && splicePorts(context, edge, component);
    if (!ports) return [];
    return [
      { source: edge.source, sourceHandle: edge.sourceHandle, target: id, targetHandle: ports.input.name },
      { source: id, sourceHandle: ports.output.name, target: edge.target, targetHandle: edge.targetHandle },
    ];
  }

  private looseWires(id: string, component: Component, { node, port, side }: Loose): Wire[] {
    const context = this.context();
    const held = context?.nodes.get(node);
    if (!context || !held) return [];
    const type = (side === "source" ? context.catalogue.output(held, port) : context.catalogue.input(held, port))?.type;
    const mine = type && portFor(component, side, type, context.catalogue);
    if (!mine) return [];
    return [side === "source" ? { source: node, sourceHandle: port, target: id, targetHandle: mine.name } : { source: id, sourceHandle: mine.name, target: node, targetHandle: port }];
  }

  /** Put a module that is on the canvas already, and joined to nothing, into an edge. */
  splice(id: string, edgeId: string): boolean {
    const context = this.context();
    const node = context?.nodes.get(id);
    const edge = context?.edges.get(edgeId);
    const component = node && context?.catalogue.of(node);
    if (!context || !edge || !component || !this.canEdit || edge.source === id || edge.target === id) return false;
    if ([...context.edges.values()].some((one) => one.source === id || one.target === id)) return false;
    const wires = this.spliceWires(id, component, edge);
    if (!wires.length) return false;
    this.draft.change(`Insert ${this.draft.nameOf(id)}`, () => wires.forEach((wire) => this.draft.putEdge(wire)));
    announce(`${context.catalogue.titleOf(node)} inserted into the connection.`);
    return true;
  }

  /** Join two ports, or say why not. */
  connect(wire: Wire, at?: Point): boolean {
    const context = this.context();
    if (!context || !this.canEdit) return false;
    const verdict = checkWire(context, wire);
    if (!verdict.ok) {
      this.refuse(verdict.reason, at, verdict.loop);
      return false;
    }
    this.draft.connect(wire);
    announce(`${this.draft.nameOf(wire.source)} feeds ${this.draft.nameOf(wire.target)}${verdict.replaces ? " in place of what fed it before" : ""}.`);
    return true;
  }

  refuse(reason: string, at?: Point, loop: readonly string[] = []): void {
    this.ui.hint.set({ text: reason, at: at ?? { x: innerWidth / 2, y: innerHeight / 2 } });
    announce(reason);
    if (!loop.length) return;
    const highlight = new Set(loop);
    this.ui.set({ highlight, highlightKind: "loop" });
    setTimeout(() => this.ui.state.get().highlight === highlight && this.ui.set({ highlight: new Set() }), 4000);
  }

  // -- removing, copying

  remove(verb = "Delete"): void {
    if (!this.canEdit) return;
    const selection = [...this.ui.selection.get()];
    const ids = selection.flatMap((id) => this.membersOf(id));
    const edges = [...this.ui.selectedEdges.get()];
    if (!ids.length && !edges.length) return;
    const context = this.context();
    const wires = context ? healing(context, new Set(ids)) : [];
    const what = ids.length ? this.draft.manyOf(ids) : edges.length === 1 ? "Connection" : `${edges.length} connections`;
    const starved = starvedBy(this.draft.snapshot.get().edges.values(), new Set(ids), new Set(edges), wires);
    const after = ids.length === 1 ? ([...this.draft.snapshot.get().edges.values()].find((edge) => edge.target === ids[0])?.source ?? null) : null;
    this.draft.remove(ids, edges, wires, verb);
    this.ui.select([]);
    this.offerUndo(`${what} deleted${wires.length ? ", connections healed" : ""}.${starved.length ? ` Without input now: ${starved.map((id) => this.draft.nameOf(id)).join(", ")}.` : ""}`);
    this.canvas?.focus(after);
  }

  /** Says what went, and takes it back as long as nothing else was changed after it. */
  private offerUndo(text: string): void {
    const { history } = this.draft;
    const label = history.state.get().undo;
    const run = (): void => {
      if (history.state.get().undo === label) this.undo();
      else toast("Other changes came after it. Undo goes back through them one by one.", "info");
    };
    this.undoNote?.remove();
    this.undoNote = toast(text, "info", { label: "Undo", run });
  }

  copy(): boolean {
    const ids = [...this.ui.selection.get()].flatMap((id) => this.membersOf(id));
    const made = clip(this.draft.snapshot.get(), ids);
    if (!made.nodes.length && !made.notes.length) return false;
    this.pasted = 0;
    const text = write(made);
    memory = text;
    void navigator.clipboard?.writeText(text).catch(() => undefined); // kept in memory as well
    const count = made.nodes.length + made.notes.length;
    announce(`${count === 1 ? "One item" : `${count} items`} copied.`);
    return true;
  }

  cut(): void {
    if (this.copy()) this.remove("Cut");
  }

  async paste(text?: string, at: Point | null = null): Promise<void> {
    if (!this.canEdit) return;
    const given = text ?? (await navigator.clipboard?.readText().catch(() => "")) ?? "";
    const held = read(given) ?? read(memory);
    if (!held) return void toast("The clipboard holds no modules. Copy some first.", "info");
    this.insert(place(held, this.taken(), at ?? (this.pasted ? null : this.pasteSpot(held.nodes)), 32 * ++this.pasted), "Paste");
  }

  duplicate(): void {
    const ids = [...this.ui.selection.get()].flatMap((id) => this.membersOf(id));
    const held = clip(this.draft.snapshot.get(), ids);
    if (this.canEdit && (held.nodes.length || held.notes.length)) this.insert(place(held, this.taken(), null), "Duplicate");
  }

  private taken() {
    const { nodes, notes } = this.draft.snapshot.get();
    return { nodes: new Set(nodes.keys()), notes: new Set(notes.keys()) };
  }

  /** Beside the originals when they are here, else in the middle of what is seen. */
  private pasteSpot(nodes: readonly GraphNode[]): Point | null {
    return nodes.some((node) => this.draft.node(node.id)) ? null : (this.canvas?.centre() ?? null);
  }

  private insert(made: ReturnType<typeof clip>, verb: string): void {
    const count = made.nodes.length + made.notes.length;
    this.draft.change(`${verb} ${count === 1 ? "one item" : `${count} items`}`, () => {
      for (const node of made.nodes) this.draft.putNode(node.id, node);
      for (const note of made.notes) this.draft.putNote(note.id, note);
      for (const edge of made.edges) this.draft.putEdge(edge);
    });
    this.ui.select([...made.nodes, ...made.notes].map((one) => one.id));
    announce(`${count === 1 ? "One item" : `${count} items`} added.`);
  }

  // -- selecting

  selectAll(): void {
    const { nodes, notes } = this.draft.snapshot.get();
    this.ui.select([...nodes.keys(), ...notes.keys()]);
    announce(`${nodes.size} modules selected.`);
  }

  selectWay(which: "up" | "down"): void {
    const { edges } = this.draft.snapshot.get();
    const ids = this.selectedNodes().map((node) => node.id);
    const more = (which === "up" ? upstream : downstream)(ids, edges.values());
    this.ui.select([...ids, ...more]);
    announce(`${more.size} modules ${which === "up" ? "above" : "below"} selected too.`);
  }

  // -- places

  async arrange(): Promise<void> {
    if (!this.canEdit) return;
    const chosen = this.selectedNodes();
    const { nodes, edges } = this.draft.snapshot.get();
    const some = chosen.length > 1 ? chosen : [...nodes.values()];
    if (some.length < 2) return;
    const catalogue = this.designer.catalogue.get();
    try {
      const { arrange } = await import("../layout.ts");
      const places = await arrange(some, [...edges.values()], (node) => {
        const component = catalogue?.of(node);
        return { inputs: component?.inputs.map((port) => port.name) ?? [], outputs: component?.outputs.map((port) => port.name) ?? [] };
      });
      this.canvas?.flow.glide(places, chosen.length > 1 ? "Arrange the selection" : "Arrange");
    } catch {
      this.canvas?.flow.glide(await tidy(some, [...edges.values()]), "Arrange"); // the large layout did not load
    }
    announce("Arranged.");
  }

  async tidy(): Promise<void> {
    const chosen = this.selectedNodes();
    if (!this.canEdit || chosen.length < 2) return this.arrange();
    const places = await tidy(chosen, [...this.draft.snapshot.get().edges.values()]);
    this.canvas?.flow.glide(places, "Tidy the selection");
  }

  align(how: Alignment): void {
    const boxes = this.selectedBoxes();
    if (boxes.size > 1) this.canvas?.flow.glide(align(boxes, how), `Align ${boxes.size} items`);
  }

  distribute(axis: "x" | "y"): void {
    const boxes = this.selectedBoxes();
    if (boxes.size > 2) this.canvas?.flow.glide(distribute(boxes, axis), `Distribute ${boxes.size} items`);
  }

  private selectedBoxes(): Map<string, Box> {
    if (!this.canEdit) return new Map();
    const { notes } = this.draft.snapshot.get();
    const chosenNotes = [...this.ui.selection.get()].flatMap((id) => notes.get(id) ?? []);
    return new Map([...this.selectedNodes().map((node) => [node.id, boxOf(node)] as const), ...chosenNotes.map((note) => [note.id, { ...note.position, width: note.width, height: note.height }] as const)]);
  }

  nudge(dx: number, dy: number): void {
    const places = new Map([...this.selectedBoxes()].map(([id, box]) => [id, { x: box.x + dx, y: box.y + dy }] as const));
    if (places.size) this.draft.moveNodes(places, undefined, `nudge ${[...places.keys()].join()}`);
  }

  // -- states, groups, notes

  toggleDisabled(): void {
    const chosen = this.selectedNodes();
    if (!chosen.length || !this.canEdit) return;
    const on = chosen.some((node) => !node.disabled);
    this.draft.setDisabled(chosen.map((node) => node.id), on);
    announce(`${this.draft.manyOf(chosen.map((node) => node.id))} ${on ? "disabled: runs pass it by" : "enabled"}.`);
  }

  /** What pinning the selection would do: the run for each module that has results, null to unpin it. */
  pinnable(): Map<string, string | null> {
    const chosen = this.selectedNodes();
    const held = chosen.filter((node) => node.pinned);
    if (held.length && held.length === chosen.length) return new Map(held.map((node) => [node.id, null]));
    return new Map(
      chosen.flatMap((node): [string, string][] => {
        const run = this.designer.runs.nodes.get(node.id);
        return !node.pinned && !node.disabled && run?.status === "Completed" && run.parent ? [[node.id, run.parent]] : [];
      }),
    );
  }

  togglePin(): void {
    const runs = this.pinnable();
    if (!runs.size || !this.canEdit) return;
    this.draft.setPinned(runs);
    const unpins = [...runs.values()].every((run) => run === null);
    announce(`${this.draft.manyOf([...runs.keys()])} ${unpins ? "unpinned: runs compute it again" : "pinned: runs take its output as it is"}.`);
  }

  group(): void {
    const ids = this.selectedNodes().map((node) => node.id);
    if (!ids.length || !this.canEdit) return;
    const id = this.draft.group(ids, "Group");
    this.ui.select([FRAME_PREFIX + id]);
    announce(`${ids.length} modules grouped.`);
  }

  /** The selected modules, or the group that one of them is in. */
  saveComponent(): void {
    const chosen = this.selectedNodes();
    const { nodes, groups } = this.draft.snapshot.get();
    const group = chosen[0]?.group;
    const whole = group && chosen.every((node) => node.group === group) ? [...nodes.values()].filter((node) => node.group === group) : chosen;
    const title = (group && groups.get(group)?.label) || (whole.length === 1 && whole[0] ? this.draft.nameOf(whole[0].id) : "");
    if (whole.length && this.canEdit) this.ui.openDialog({ kind: "component", nodes: whole.map((node) => node.id), title: title === "Group" ? "" : title });
  }

  /** The one selected module, where it is a pipeline component. */
  nested(): GraphNode | null {
    const chosen = this.selectedNodes();
    return chosen.length === 1 && chosen[0] && mayHold(this.designer.catalogue.get()?.of(chosen[0])) ? chosen[0] : null;
  }

  ungroup(): void {
    const component = this.nested();
    if (component && this.canEdit) return void takeApart(this.designer, component);
    const chosen = [...this.ui.selection.get()].filter((id) => id.startsWith(FRAME_PREFIX)).map((id) => id.slice(FRAME_PREFIX.length));
    const ids = new Set([...chosen, ...this.selectedNodes().flatMap((node) => node.group ?? [])]);
    if (this.canEdit) for (const id of ids) this.draft.ungroup(id);
  }

  addNote(frame: boolean, at: Point | null = null): void {
    if (!this.canEdit) return;
    const boxes = [...this.selectedBoxes().values()];
    const middle = at ?? this.canvas?.centre() ?? { x: 0, y: 0 };
    let box: Box = { x: middle.x - 120, y: middle.y - 60, width: 240, height: 120 };
    if (frame && boxes.length) {
      const left = Math.min(...boxes.map((one) => one.x));
      const top = Math.min(...boxes.map((one) => one.y));
      box = { x: left - 24, y: top - 56, width: Math.max(...boxes.map((one) => one.x + one.width)) - left + 48, height: Math.max(...boxes.map((one) => one.y + one.height)) - top + 80 };
    } else if (frame) box = { ...box, width: 400, height: 240 };
    const id = this.draft.addNote({ text: frame ? "Frame" : "", position: snapPoint(box), width: box.width, height: box.height, ...(frame ? { frame: true } : {}) });
    this.ui.select([id]);
    this.ui.openLayer({ kind: "rename", node: id });
  }

  rename(): void {
    const [id] = this.ui.selection.get();
    if (id && this.canEdit) this.ui.openLayer({ kind: "rename", node: id });
  }

  startConnect(): void {
    const [node] = this.selectedNodes();
    if (node && this.canEdit) this.ui.openLayer({ kind: "connect", node: node.id });
  }

  // -- running and looking

  plan(mode: PlanMode): void {
    const run = mode === "retry" ? this.designer.runs.head.get()?.guid : undefined;
    this.ui.openPlan(mode, mode === "all" ? [] : this.selectedNodes().map((node) => node.id), run);
  }

  async cancelRun(): Promise<void> {
    const head = this.designer.runs.head.get();
    if (!head) return;
    try {
      await this.designer.api.cancel(head.guid);
      announce("Canceling the run.");
    } catch (error) {
      toast(error instanceof Error ? error.message : "The run could not be canceled.", "error");
    }
  }

  validate(): Promise<void> {
    return validateDraft(this.designer);
  }

  preview(): void {
    const [node] = this.selectedNodes();
    const port = node && this.designer.catalogue.get()?.of(node)?.outputs[0]?.name;
    this.ui.openDock("preview", node && port ? { node: node.id, port } : null);
  }

  zoomToSelection(): void {
    const { notes } = this.draft.snapshot.get();
    const boxes = [...this.selectedNodes().map(boxOf), ...[...this.ui.selection.get()].flatMap((id) => notes.get(id) ?? []).map((note) => ({ ...note.position, width: note.width, height: note.height }))];
    if (boxes.length) this.canvas?.show(boxes, true);
  }

  undo(): void {
    const label = this.draft.undo();
    announce(label ? `Undone: ${label}.` : "Nothing to undo.");
  }

  redo(): void {
    const label = this.draft.redo();
    announce(label ? `Redone: ${label}.` : "Nothing to redo.");
  }
}

/** The last copy, for browsers that keep the system clipboard to themselves. */
let memory = "";
