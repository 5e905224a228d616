/** What is open, chosen and shown; none of it belongs to the draft. */
import type { Inside } from "../../graph/components.ts";
import type { Point } from "../../graph/types.ts";
import type { PlanMode } from "./api.ts";
import { Cell } from "./cell.ts";

export type PanelTab = "parameters" | "outputs" | "logs" | "lineage" | "settings";
export type DockTab = "preview" | "statistics" | "logs" | "problems" | "compare";

export interface PortRef {
  node: string;
  port: string;
}

/** Dialogs of F2's `<Dialogs/>`, opened from anywhere by `ui.openDialog`. */
export type Dialog =
  | { kind: "plan"; mode: PlanMode; nodes: string[]; run?: string }
  | { kind: "versions" }
  | { kind: "history" }
  | { kind: "diff"; a: string; b: string }
  | { kind: "export" }
  | { kind: "import" }
  | { kind: "publish" }
  | { kind: "settings" }
  | { kind: "runs" }
  | { kind: "inference" }
  | { kind: "share" }
  | { kind: "component"; nodes: string[]; title: string }
  | { kind: "comments"; node: string | null };

/** Layers of the canvas itself. */
export type Layer =
  | { kind: "quickadd"; at: Point; screen: Point; from?: { node: string; port: string; side: "source" | "target" } }
  | { kind: "connect"; node: string }
  | { kind: "find" }
  | { kind: "shortcuts" }
  | { kind: "menu"; screen: Point; target: { node?: string; edge?: string; note?: string; group?: string } }
  | { kind: "rename"; node: string };

/** A word to the user at a place on the screen, such as why a connection was refused. */
export interface Hint {
  text: string;
  at: Point;
}

export interface UiState {
  overlay: "draft" | "run";
  view: "canvas" | "outline";
  panelOpen: boolean;
  panelTab: PanelTab;
  dockOpen: boolean;
  dockTab: DockTab;
  /** The output whose preview the dock shows. */
  dockPort: PortRef | null;
  paletteOpen: boolean;
  dialog: Dialog | null;
  layer: Layer | null;
  /** Ids that stand out: a refused loop, a lit path. */
  highlight: ReadonlySet<string>;
  highlightKind: "loop" | "path";
  /** The group whose inside is shown; null is the whole graph. */
  inside: string | null;
  /** The pipeline component whose inside is shown, to look at only. */
  component: { node: string; inside: Inside } | null;
  /** The field of the panel to put the focus in, after a click on a problem. */
  focusParam: string | null;
}

const START: UiState = {
  overlay: "run",
  view: "canvas",
  panelOpen: true,
  panelTab: "parameters",
  dockOpen: true,
  dockTab: "preview",
  dockPort: null,
  paletteOpen: true,
  dialog: null,
  layer: null,
  highlight: new Set(),
  highlightKind: "path",
  inside: null,
  component: null,
  focusParam: null,
};

export class UiStore {
  readonly state: Cell<UiState>;
  readonly selection = new Cell<ReadonlySet<string>>(new Set());
  readonly selectedEdges = new Cell<ReadonlySet<string>>(new Set());
  readonly hint = new Cell<Hint | null>(null);
  /** Set by the canvas: bring these nodes into view (and on request give the first the focus). */
  reveal: (ids: readonly string[], focus?: boolean) => void = () => undefined;

  constructor(start: Partial<UiState> = {}) {
    this.state = new Cell({ ...START, ...start });
  }

  set(change: Partial<UiState>): void {
    this.state.update((now) => (Object.entries(change).every(([key, value]) => Object.is(now[key as keyof UiState], value)) ? now : { ...now, ...change }));
  }

  select(ids: Iterable<string>, edges: Iterable<string> = []): void {
    const next = new Set(ids);
    const now = this.selection.get();
    if (next.size !== now.size || [...next].some((id) => !now.has(id))) this.selection.set(next);
    const nextEdges = new Set(edges);
    const nowEdges = this.selectedEdges.get();
    if (nextEdges.size !== nowEdges.size || [...nextEdges].some((id) => !nowEdges.has(id))) this.selectedEdges.set(nextEdges);
  }

  /** Select a node, bring it into view and, if named, open its panel at a field. */
  focusNode(id: string, param: string | null = null): void {
    this.select([id]);
    if (param !== null) this.set({ panelOpen: true, panelTab: "parameters", focusParam: param });
    this.reveal([id]);
  }

  openPanel(tab: PanelTab = "parameters"): void {
    this.set({ panelOpen: true, panelTab: tab });
  }

  openDock(tab: DockTab, port: PortRef | null = this.state.get().dockPort): void {
    this.set({ dockOpen: true, dockTab: tab, dockPort: port });
  }

  openDialog(dialog: Dialog): void {
    this.set({ dialog, layer: null });
  }

  closeDialog(): void {
    this.set({ dialog: null });
  }

  openLayer(layer: Layer): void {
    this.set({ layer });
  }

  closeLayer(): void {
    this.set({ layer: null });
  }

  openPlan(mode: PlanMode, nodes: readonly string[] = [], run?: string): void {
    this.openDialog({ kind: "plan", mode, nodes: [...nodes], ...(run ? { run } : {}) });
  }
}
