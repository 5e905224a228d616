/** A run's pipeline as a picture that is read, not edited: live statuses, pan, zoom, keyboard. */
import type { RunMessage } from "../live/live.ts";
import { announce, button, h, icon, s } from "../ui/dom.ts";
import { duration } from "../ui/format.ts";
import { ended, lookOf, statusIcon } from "../ui/status.ts";
import { neighbour, NODE_HEIGHT, NODE_WIDTH, place, portType, type GraphNode, type Placed, type RunGraph } from "./graphlayout.ts";
import { configOf, getJson } from "./mount.ts";

const TILES: Record<string, () => SVGSVGElement> = {
  dataset: () => icon("database"),
  transform: () => icon("table"),
  learner: () => icon("binary-tree-2"),
  model: () => icon("box"),
  metrics: () => icon("chart-line"),
  script: () => icon("brand-python"),
  any: () => icon("terminal-2"),
};
const [LEAST, MOST] = [0.1, 1.6];
// Below this nobody reads a node's words.
const READABLE = 0.5;

export function rungraph(element: HTMLElement): () => void {
  const view = new GraphView(element);
  void view.open();
  return () => view.stop();
}

class GraphView {
  private graph: RunGraph = { nodes: [], edges: [] };
  private placed!: Placed;
  private readonly boxes = new Map<string, HTMLElement>();
  private readonly paths = new Map<string, SVGPathElement[]>();
  private readonly canvas = h("div", { class: "graph-canvas" });
  private readonly zoomText = h("span", { class: "graph-zoom" });
  private x = 0;
  private y = 0;
  private zoom = 1;
  private touched = false;
  private resized: ResizeObserver | undefined;

  constructor(private readonly root: HTMLElement) {}

  async open(): Promise<void> {
    const wanted = Number(this.root.dataset["height"] ?? 0);
    if (wanted) this.root.style.height = `${wanted}px`;
    try {
      const given = configOf<RunGraph>(this.root);
      this.graph = given ?? (await getJson<RunGraph>(this.root.dataset["url"] ?? ""));
    } catch (error) {
      this.root.replaceChildren(h("p", { class: "graph-none", role: "alert" }, `The graph could not be loaded. ${error instanceof Error ? error.message : ""}`));
      return;
    }
    if (!this.graph.nodes.length) {
      this.root.replaceChildren(h("p", { class: "graph-none muted" }, "This run has no steps."));
      return;
    }
    this.placed = place(this.graph);
    this.build();
    this.openAt();
    this.listen();
  }

  stop(): void {
    document.body.removeEventListener("run-changed", this.onRun);
    this.resized?.disconnect();
  }

  // -- drawing

  private build(): void {
    const { width, height } = this.placed;
    const wires = s("svg", { class: "graph-wires", width, height, "aria-hidden": "true" });
    const plates = h("div", { class: "graph-plates", "aria-hidden": "true" });
    // In a large graph the edges that pass behind other rows step back.
    const large = this.graph.nodes.length > 40;
    for (const { edge, path, far, middle } of this.placed.edges) {
      const drawn = s("path", { d: path, class: `edge-${portType(edge.sourceType)}${far && large ? " is-far" : ""}` });
      wires.append(drawn);
      this.paths.set(edge.source, [...(this.paths.get(edge.source) ?? []), drawn]);
      if (edge.label && !(far && large)) {
        const plate = h("span", { class: "graph-plate" }, edge.label);
        moveTo(plate, middle.x, middle.y);
        plates.append(plate);
      }
    }
    const ports = s("svg", { class: "graph-ports", width, height, "aria-hidden": "true" });
    for (const port of this.placed.ports) ports.append(portShape(port.x, port.y, port.type));
    const title = this.root.dataset["title"] ?? "Steps";
    const nodes = h("div", { role: "group", "aria-label": `${title}. Arrow keys move along the edges, Enter opens one.` });
    const byId = new Map(this.graph.nodes.map((node) => [node.id, node]));
    for (const id of this.placed.order) nodes.append(this.box(byId.get(id)!));
    this.canvas.append(wires, plates, nodes, ports);
    const frame = h("div", { class: "graph-frame" }, this.canvas);
    this.root.classList.add("rungraph");
    this.root.replaceChildren(frame, this.controls());
    for (const node of this.graph.nodes) this.flow(node);
    this.roving(this.first());
    this.pan(frame);
  }

  private box(node: GraphNode): HTMLElement {
    const made = node.url ? h("a", { href: node.url }) : h("div", { role: "img" });
    const spot = this.placed.nodes.get(node.id)!;
    made.dataset["node"] = node.id;
    made.style.width = `${NODE_WIDTH}px`;
    made.style.height = `${NODE_HEIGHT}px`;
    moveTo(made, spot.x, spot.y);
    this.boxes.set(node.id, made);
    this.paint(node);
    return made;
  }

  /** Write a node's state into its box; called again when its status changes. */
  private paint(node: GraphNode): void {
    const box = this.boxes.get(node.id)!;
    const look = lookOf(node.status, node.reused);
    const kind = node.category && TILES[node.category] ? node.category : portType(node.category);
    const time = node.reused ? "" : duration(node.duration);
    // Data and models have no status: they are there.
    const state = node.status ? [h("span", { class: `gnode-end status-${look.kind}` }, statusIcon(node.status, node.reused), h("span", {}, time))] : [];
    box.className = `gnode is-${node.status ? look.kind : "completed"}`;
    box.classList.toggle("is-start", node.id === this.graph.start);
    const words = node.status ? [node.label, look.word, time] : [node.label, node.sub];
    box.setAttribute("aria-label", words.filter(Boolean).join(", "));
    box.title = [node.label, node.sub].filter(Boolean).join("\n");
    box.replaceChildren(
      h("span", { class: `gnode-tile tile-${kind}` }, (TILES[kind] ?? TILES["any"]!)()),
      h("span", { class: "gnode-text" }, h("strong", { class: "truncate" }, node.label), h("span", { class: "truncate" }, node.sub || look.word)),
      ...state,
    );
  }

  private flow(node: GraphNode): void {
    const flowed = !node.status || node.status === "Completed";
    for (const path of this.paths.get(node.id) ?? []) path.classList.toggle("is-flowed", flowed);
  }

  private controls(): HTMLElement {
    return h(
      "div",
      { class: "graph-controls" },
      button("Zoom out", icon("minus"), "btn btn-icon", () => this.zoomBy(1 / 1.2)),
      this.zoomText,
      button("Zoom in", icon("plus"), "btn btn-icon", () => this.zoomBy(1.2)),
      button("Fit the graph", icon("arrows-maximize"), "btn btn-icon", () => this.fit()),
    );
  }

  // -- live

  private listen(): void {
    document.body.addEventListener("run-changed", this.onRun);
    this.resized = new ResizeObserver(() => this.touched || this.openAt());
    this.resized.observe(this.root);
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("focusin", (event) => this.onFocus(event));
  }

  private readonly onRun = (event: Event): void => {
    const { messages } = (event as CustomEvent<{ messages: RunMessage[] }>).detail;
    if (!messages.length) return void this.reread();
    const said: string[] = [];
    for (const message of messages) {
      const node = this.graph.nodes.find((one) => one.guid === message.guid || (message["step"] === one.id && !one.guid));
      if (!node) continue;
      node.guid ??= message.guid;
      if (node.status !== message.status) said.push(`${node.label}: ${lookOf(message.status, message.reused).word}`);
      Object.assign(node, { status: message.status, reused: message.reused ?? false, duration: message.seconds ?? node.duration ?? null });
      this.paint(node);
      this.flow(node);
    }
    if (said.length) announce(said.join(". "));
    else if (messages.some((message) => ended(message.status))) void this.reread();
  };

  /** After a lost connection the messages are gone; the facts are at the server. */
  private async reread(): Promise<void> {
    const url = this.root.dataset["url"];
    if (!url) return;
    try {
      const fresh = await getJson<RunGraph>(url);
      for (const node of this.graph.nodes) {
        const now = fresh.nodes.find((one) => one.id === node.id);
        if (!now) continue;
        Object.assign(node, now);
        this.paint(node);
        this.flow(node);
      }
    } catch {
      // The next message tries again.
    }
  }

  // -- looking around

  private get frame(): DOMRect {
    return this.root.getBoundingClientRect();
  }

  private first(): string {
    const { start } = this.graph;
    return start && this.placed.nodes.has(start) ? start : this.placed.order[0]!;
  }

  /** Show all of it when it can be read so, else the node that it is about with what is around. */
  private openAt(): void {
    this.fit();
    if (this.zoom >= READABLE) return;
    const { width, height } = this.frame;
    const spot = this.placed.nodes.get(this.first())!;
    this.zoom = 0.75;
    this.x = width / 2 - (spot.x + NODE_WIDTH / 2) * this.zoom;
    this.y = Math.min(24, height / 3 - spot.y * this.zoom);
    this.move();
  }

  private fit(): void {
    const { width, height } = this.frame;
    if (!width || !height) return;
    this.zoom = Math.min(1, Math.max(LEAST, Math.min(width / this.placed.width, height / this.placed.height)));
    this.x = (width - this.placed.width * this.zoom) / 2;
    this.y = Math.max(0, (height - this.placed.height * this.zoom) / 2);
    this.touched = false;
    this.move();
  }

  private zoomBy(factor: number, at?: { x: number; y: number }): void {
    const { width, height } = this.frame;
    const centre = at ?? { x: width / 2, y: height / 2 };
    const zoom = Math.min(MOST, Math.max(LEAST, this.zoom * factor));
    this.x = centre.x - ((centre.x - this.x) * zoom) / this.zoom;
    this.y = centre.y - ((centre.y - this.y) * zoom) / this.zoom;
    this.zoom = zoom;
    this.touched = true;
    this.move();
  }

  private move(): void {
    this.canvas.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.zoom})`;
    this.root.classList.toggle("is-small", this.zoom < 0.45);
    this.zoomText.textContent = `${Math.round(this.zoom * 100)} %`;
  }

  private pan(frame: HTMLElement): void {
    let from: { x: number; y: number } | null = null;
    frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || (event.target as Element).closest(".gnode")) return;
      from = { x: event.clientX - this.x, y: event.clientY - this.y };
      frame.setPointerCapture(event.pointerId);
    });
    frame.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.x = event.clientX - from.x;
      this.y = event.clientY - from.y;
      this.touched = true;
      this.move();
    });
    for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, () => (from = null));
    frame.addEventListener(
      "wheel",
      (event) => {
        // A plain wheel scrolls the page; with Ctrl (and a pinch, which comes as that) it zooms.
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const { left, top } = this.frame;
        this.zoomBy(Math.exp(-event.deltaY / 300), { x: event.clientX - left, y: event.clientY - top });
      },
      { passive: false },
    );
  }

  // -- keyboard: one stop for Tab, arrows within

  private roving(id: string): void {
    for (const [other, box] of this.boxes) box.tabIndex = other === id ? 0 : -1;
  }

  private onFocus(event: FocusEvent): void {
    const id = (event.target as HTMLElement).dataset["node"];
    if (!id) return;
    this.roving(id);
    const spot = this.placed.nodes.get(id)!;
    const { width, height } = this.frame;
    const [left, top] = [spot.x * this.zoom + this.x, spot.y * this.zoom + this.y];
    if (left < 0 || top < 0 || left + NODE_WIDTH * this.zoom > width || top + NODE_HEIGHT * this.zoom > height) {
      this.x = width / 2 - (spot.x + NODE_WIDTH / 2) * this.zoom;
      this.y = height / 2 - (spot.y + NODE_HEIGHT / 2) * this.zoom;
      this.touched = true;
      this.move();
    }
  }

  private onKey(event: KeyboardEvent): void {
    const id = (event.target as HTMLElement).dataset["node"];
    if (!id) return;
    if (event.key === "1") return this.fit();
    if (event.key === "+" || event.key === "-") return this.zoomBy(event.key === "+" ? 1.2 : 1 / 1.2);
    const next = neighbour(id, event.key, this.graph, this.placed);
    if (!next) return;
    event.preventDefault();
    this.boxes.get(next)?.focus({ preventScroll: true });
  }
}

function moveTo(element: HTMLElement, x: number, y: number): void {
  element.style.transform = `translate(${x}px, ${y}px)`;
}

/** Ports differ by shape as well as by colour. */
function portShape(x: number, y: number, type: string): SVGElement {
  const look = { class: `port port-${type}` };
  if (type === "learner" || type === "model") return s("path", { d: `M${x} ${y - 5.5}L${x + 5.5} ${y}L${x} ${y + 5.5}L${x - 5.5} ${y}Z`, ...look });
  if (type === "transform" || type === "metrics") return s("rect", { x: x - 4, y: y - 4, width: 8, height: 8, rx: 1, ...look });
  return s("circle", { cx: x, cy: y, r: 4.5, ...look });
}
