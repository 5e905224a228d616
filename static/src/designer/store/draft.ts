/** The draft: a Y.Doc read as plain values and changed by named commands that undo. */
import type { Doc, Map as YjsMap } from "yjs";
import type { Graph, GraphGroup, GraphNode, GraphNote, GraphSettings, Json, Params, PipelineParameter, Point, Wire } from "../../graph/types.ts";
import { edgeId } from "../../graph/types.ts";
import { freshId } from "../../graph/names.ts";
import { Cell, Keyed } from "./cell.ts";
import { History } from "./history.ts";
import { EMPTY, fromGraph, PARTS, readAll, reread, toGraph, type Snapshot } from "./snapshot.ts";
import { Y } from "./yjs.ts";

export interface NewNode {
  component: string;
  version?: string;
  params?: Params;
  position: Point;
  label?: string;
  id?: string;
  comment?: string;
  disabled?: boolean;
  group?: string;
  compute?: string;
  forceRerun?: boolean;
  pinned?: { run: string };
}

type YMap = YjsMap<unknown>;
type NodeField = "label" | "comment" | "compute" | "group" | "disabled" | "forceRerun" | "version" | "pinned";

export class DraftStore {
  readonly history = new History();
  readonly snapshot = new Cell<Snapshot>(EMPTY);
  /** Nodes by id, for who watches one of them. */
  readonly nodes = new Keyed<GraphNode>();
  /** Ids whose parameters, wiring or settings were changed here or by others since the page opened. */
  readonly onEdit = new Set<(ids: readonly string[]) => void>();
  /** Told when a node is pinned or let go, and once when the document has arrived. */
  readonly onPin = new Set<() => void>();
  private attached: Doc | null = null;
  private live = false;
  readonly writable = new Cell(true);

  constructor(preview?: Partial<Graph>) {
    if (preview) this.publish(fromGraph(preview));
  }

  get doc(): Doc {
    if (!this.attached) throw new Error("The draft has no document yet.");
    return this.attached;
  }

  /** The document that will hold the draft; until it is live the graph of the page is shown. */
  attach(doc: Doc): void {
    this.attached = doc;
    this.history.follow(doc);
    for (const part of PARTS) {
      this.doc.getMap(part).observeDeep((events) => {
        if (!this.live) return;
        const before = this.snapshot.get();
        const after = reread(this.doc, before, part, events);
        this.publish(after);
        if (part === "nodes" || part === "edges") this.tellEdits(before, after);
      });
    }
    this.doc.getMap("settings").observe(() => {
      if (this.live) this.publish({ ...this.snapshot.get(), settings: this.doc.getMap("settings").toJSON() as GraphSettings });
    });
  }

  /** The document has arrived: from here on it is the truth. */
  begin(): void {
    if (this.live) return;
    this.live = true;
    this.publish(readAll(this.doc));
    for (const listener of this.onPin) listener();
  }

  get isLive(): boolean {
    return this.live;
  }

  graph(): Graph {
    return toGraph(this.snapshot.get());
  }

  node(id: string): GraphNode | undefined {
    return this.snapshot.get().nodes.get(id);
  }

  nameOf(id: string): string {
    const node = this.node(id);
    return node?.label || node?.component.replaceAll("_", " ") || id;
  }

  /** Several commands as one undo step. */
  change(label: string, work: () => void, key = ""): void {
    if (!this.writable.get() || !this.live) return;
    this.history.change(label, work, key);
  }

  undo(): string | null {
    return this.writable.get() ? this.history.undo() : null;
  }

  redo(): string | null {
    return this.writable.get() ? this.history.redo() : null;
  }

  // -- nodes

  addNode(given: NewNode): string {
    const id = given.id && !this.node(given.id) ? given.id : freshId(given.component, new Set(this.snapshot.get().nodes.keys()));
    this.change(`Add ${given.label ?? given.component.replaceAll("_", " ")}`, () => this.putNode(id, given));
    return id;
  }

  /** For use inside `change`: write a node as it is. */
  putNode(id: string, given: NewNode): void {
    const map = new Y.Map<unknown>();
    map.set("component", given.component);
    map.set("version", given.version ?? "1");
    map.set("x", given.position.x);
    map.set("y", given.position.y);
    for (const key of ["label", "comment", "group", "compute", "disabled", "forceRerun", "pinned"] as const) if (given[key]) map.set(key, given[key]);
    map.set("params", new Y.Map(Object.entries(given.params ?? {})));
    this.part("nodes").set(id, map);
  }

  setParam(id: string, name: string, value: Json): void {
    this.change(`Set ${name} of ${this.nameOf(id)}`, () => this.paramsOf(id)?.set(name, value), `param ${id} ${name}`);
  }

  resetParam(id: string, name: string): void {
    this.change(`Reset ${name} of ${this.nameOf(id)}`, () => this.paramsOf(id)?.delete(name));
  }

  bindParam(id: string, name: string, parameter: string): void {
    this.change(`Bind ${name} of ${this.nameOf(id)} to ${parameter}`, () => this.paramsOf(id)?.set(name, `\${{parent.inputs.${parameter}}}`));
  }

  setLabel(id: string, label: string): void {
    this.setField([id], "label", label.trim() || undefined, `Rename ${this.nameOf(id)}`, `label ${id}`);
  }

  setComment(id: string, comment: string): void {
    this.setField([id], "comment", comment || undefined, `Comment on ${this.nameOf(id)}`, `comment ${id}`);
  }

  setCompute(id: string, compute: string | null): void {
    this.setField([id], "compute", compute || undefined, `Set the compute of ${this.nameOf(id)}`);
  }

  setForceRerun(id: string, on: boolean): void {
    this.setField([id], "forceRerun", on || undefined, `${on ? "Always run" : "Reuse results of"} ${this.nameOf(id)}`);
  }

  setVersion(id: string, version: string): void {
    this.setField([id], "version", version, `Change the version of ${this.nameOf(id)}`);
  }

  /** Let the results of these runs stand for the nodes; null lets a node run again. */
  setPinned(runs: ReadonlyMap<string, string | null>): void {
    const ids = [...runs.keys()].filter((id) => (this.node(id)?.pinned?.run ?? null) !== runs.get(id));
    if (!ids.length) return;
    const verb = ids.every((id) => runs.get(id) === null) ? "Unpin" : "Pin";
    this.change(`${verb} ${this.manyOf(ids)}`, () => {
      for (const id of ids) {
        const run = runs.get(id);
        setAll(this.part("nodes").get(id), { pinned: run ? { run } : undefined });
      }
    });
  }

  setDisabled(ids: readonly string[], on: boolean): void {
    this.setField(ids, "disabled", on || undefined, `${on ? "Disable" : "Enable"} ${this.manyOf(ids)}`);
  }

  moveNodes(places: ReadonlyMap<string, Point>, label?: string, key = ""): void {
    const { nodes, notes } = this.snapshot.get();
    const real = [...places].filter(([id, at]) => {
      const now = (nodes.get(id) ?? notes.get(id))?.position;
      return now && (now.x !== at.x || now.y !== at.y);
    });
    if (!real.length) return;
    const move = (): void => {
      for (const [id, at] of real) {
        const map = this.part("nodes").get(id) ?? this.part("notes").get(id);
        map?.set("x", at.x);
        map?.set("y", at.y);
      }
    };
    this.change(label ?? `Move ${this.manyOf(real.map(([id]) => id))}`, move, key);
  }

  // -- edges

  connect(wire: Wire): void {
    this.change(`Connect ${this.nameOf(wire.source)} to ${this.nameOf(wire.target)}`, () => this.putEdge(wire));
  }

  putEdge(wire: Wire): void {
    this.doc.getMap("edges").set(edgeId(wire.target, wire.targetHandle), { source: wire.source, sourceHandle: wire.sourceHandle });
  }

  disconnect(ids: readonly string[]): void {
    this.change(ids.length === 1 ? "Remove a connection" : `Remove ${ids.length} connections`, () => {
      for (const id of ids) this.part("edges").delete(id);
    });
  }

  /** Remove nodes, edges and notes; `wires` are put in to heal what ran through them. */
  remove(ids: readonly string[], edges: readonly string[] = [], wires: readonly Wire[] = [], verb = "Delete"): void {
    const gone = new Set(ids);
    const count = ids.length || edges.length;
    if (!count) return;
    const label = ids.length ? `${verb} ${this.manyOf(ids)}` : `${verb} ${edges.length === 1 ? "a connection" : `${edges.length} connections`}`;
    const loose = [...this.snapshot.get().edges.values()].filter((edge) => gone.has(edge.source) || gone.has(edge.target)).map((edge) => edge.id);
    this.change(label, () => {
      for (const id of [...edges, ...loose]) this.part("edges").delete(id);
      for (const id of ids) {
        this.part("nodes").delete(id);
        this.part("notes").delete(id);
      }
      for (const wire of wires) this.putEdge(wire);
    });
  }

  // -- notes, frames, groups

  addNote(note: Omit<GraphNote, "id">): string {
    const id = freshId(note.frame ? "frame" : "note", new Set(this.snapshot.get().notes.keys()));
    this.change(note.frame ? "Add a frame" : "Add a note", () => this.putNote(id, note));
    return id;
  }

  putNote(id: string, note: Omit<GraphNote, "id">): void {
    const { position, ...rest } = note;
    const entries = Object.entries({ ...rest, x: position.x, y: position.y }).filter(([key, value]) => key !== "id" && value !== undefined);
    this.part("notes").set(id, new Y.Map<unknown>(entries));
  }

  setNote(id: string, change: Partial<Omit<GraphNote, "id" | "position">> & Partial<Point>): void {
    this.change("Edit a note", () => setAll(this.part("notes").get(id), change), `note ${id} ${Object.keys(change).join()}`);
  }

  group(ids: readonly string[], label: string): string {
    const id = freshId("group", new Set(this.snapshot.get().groups.keys()));
    this.change(`Group ${this.manyOf(ids)}`, () => {
      this.part("groups").set(id, new Y.Map<unknown>([["label", label]]));
      for (const node of ids) this.part("nodes").get(node)?.set("group", id);
    });
    return id;
  }

  ungroup(id: string): void {
    const { nodes, groups } = this.snapshot.get();
    this.change(`Ungroup ${groups.get(id)?.label ?? ""}`.trim(), () => {
      for (const node of nodes.values()) if (node.group === id) this.part("nodes").get(node.id)?.delete("group");
      this.part("groups").delete(id);
    });
  }

  setGroup(id: string, change: Partial<Omit<GraphGroup, "id">>): void {
    const word = change.collapsed === undefined ? "Rename" : change.collapsed ? "Collapse" : "Expand";
    this.change(`${word} a group`, () => setAll(this.part("groups").get(id), change), change.label === undefined ? "" : `group ${id}`);
  }

  // -- parameters and settings

  setParameter(name: string, parameter: PipelineParameter): void {
    this.change(`Set the pipeline parameter ${name}`, () => this.part("parameters").set(name, new Y.Map<unknown>(Object.entries(parameter).filter(([, value]) => value !== undefined))), `parameter ${name}`);
  }

  /** Rename a pipeline parameter and everything bound to it. */
  renameParameter(from: string, to: string): void {
    const { parameters, nodes } = this.snapshot.get();
    const parameter = parameters.get(from);
    if (!parameter || !to || parameters.has(to)) return;
    this.change(`Rename the pipeline parameter ${from}`, () => {
      this.part("parameters").delete(from);
      this.part("parameters").set(to, new Y.Map<unknown>(Object.entries(parameter)));
      for (const node of nodes.values()) {
        for (const [name, value] of Object.entries(node.params)) {
          if (boundTo(value) === from) this.paramsOf(node.id)?.set(name, `\${{parent.inputs.${to}}}`);
        }
      }
    });
  }

  /** Remove a pipeline parameter; what was bound to it takes its default value. */
  removeParameter(name: string): void {
    const { parameters, nodes } = this.snapshot.get();
    const parameter = parameters.get(name);
    if (!parameter) return;
    this.change(`Remove the pipeline parameter ${name}`, () => {
      for (const node of nodes.values()) {
        for (const [key, value] of Object.entries(node.params)) if (boundTo(value) === name) this.paramsOf(node.id)?.set(key, parameter.default);
      }
      this.part("parameters").delete(name);
    });
  }

  setSetting<K extends keyof GraphSettings>(key: K, value: GraphSettings[K] | undefined): void {
    this.change(`Set ${key.replaceAll("_", " ")}`, () => setAll(this.doc.getMap("settings"), { [key]: value }), `setting ${key}`);
  }

  // -- inside

  manyOf(ids: readonly string[]): string {
    return ids.length === 1 && ids[0] ? this.nameOf(ids[0]) : `${ids.length} items`;
  }

  private setField(ids: readonly string[], field: NodeField, value: unknown, label: string, key = ""): void {
    this.change(label, () => ids.forEach((id) => setAll(this.part("nodes").get(id), { [field]: value })), key);
  }

  private part(name: (typeof PARTS)[number]): YjsMap<YMap> {
    return this.doc.getMap<YMap>(name);
  }

  private paramsOf(id: string): YMap | undefined {
    const node = this.part("nodes").get(id);
    const params = node?.get("params");
    if (params instanceof Y.Map) return params;
    const made = new Y.Map<unknown>();
    node?.set("params", made);
    return node ? made : undefined;
  }

  private publish(after: Snapshot): void {
    const same = after.nodes === this.snapshot.get().nodes;
    this.snapshot.set(after);
    if (!same) this.nodes.merge(after.nodes, true);
  }

  private tellEdits(before: Snapshot, after: Snapshot): void {
    if (!this.onEdit.size && !this.onPin.size) return;
    const ids = new Set<string>();
    const pins = new Set<string>();
    for (const [id, node] of after.nodes) {
      if (before.nodes.has(id) && before.nodes.get(id)?.pinned?.run !== node.pinned?.run) pins.add(id);
      const was = before.nodes.get(id);
      if (was !== node && (!was || JSON.stringify([was.params, was.disabled, was.version]) !== JSON.stringify([node.params, node.disabled, node.version]))) ids.add(id);
    }
    for (const [id, edge] of after.edges) if (before.edges.get(id) !== edge) ids.add(edge.target);
    for (const [id, edge] of before.edges) if (!after.edges.has(id)) ids.add(edge.target);
    // A pin changes what comes next, not what the node itself has come to.
    for (const edge of after.edges.values()) if (pins.has(edge.source)) ids.add(edge.target);
    if (pins.size) for (const listener of this.onPin) listener();
    if (ids.size) for (const listener of this.onEdit) listener([...ids]);
  }
}

/** The pipeline parameter that a value is bound to, if it is. */
export function boundTo(value: Json | undefined): string | null {
  return typeof value === "string" ? (/^\$\{\{\s*parent\.inputs\.([\w.-]+)\s*\}\}$/.exec(value)?.[1] ?? null) : null;
}

function setAll(map: YMap | undefined, change: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) map?.delete(key);
    else map?.set(key, value);
  }
}
