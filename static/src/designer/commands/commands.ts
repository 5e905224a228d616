/** All commands in one table: keys, Ctrl+K, menus and the list of shortcuts read it. */
import { ended } from "../../ui/status.ts";
import type { Actions } from "./actions.ts";
import { lookInto } from "./components.ts";
import { focusPanel, focusSoon } from "./focus.ts";
import { keySettings } from "./keymap.ts";

export interface Command {
  id: string;
  label: string;
  group: "Edit" | "Select" | "Arrange" | "View" | "Run" | "Draft" | "Move";
  /** Several, apart by spaces. */
  keys?: string;
  icon?: string;
  edits?: boolean;
  /** Keys work only while the canvas or the outline has the focus. */
  canvas?: boolean;
  when?: (actions: Actions) => boolean;
  run: (actions: Actions) => void;
}

const some = (actions: Actions): boolean => actions.designer.ui.selection.get().size > 0 || actions.designer.ui.selectedEdges.get().size > 0;
const several = (actions: Actions): boolean => actions.designer.ui.selection.get().size > 1;
const oneModule = (actions: Actions): boolean => actions.selectedNodes().length > 0;
const hasRun = (actions: Actions): boolean => actions.designer.runs.head.get() !== null;
const running = (actions: Actions): boolean => hasRun(actions) && !ended(actions.designer.runs.head.get()!.status);

export const COMMANDS: readonly Command[] = [
  { id: "undo", label: "Undo", group: "Edit", keys: "Ctrl+Z", icon: "arrow-back-up", edits: true, run: (a) => a.undo() },
  { id: "redo", label: "Redo", group: "Edit", keys: "Ctrl+Shift+Z Ctrl+Y", icon: "arrow-forward-up", edits: true, run: (a) => a.redo() },
  { id: "copy", label: "Copy", group: "Edit", keys: "Ctrl+C", icon: "copy", canvas: true, when: some, run: (a) => void a.copy() },
  { id: "cut", label: "Cut", group: "Edit", keys: "Ctrl+X", icon: "cut", edits: true, canvas: true, when: some, run: (a) => a.cut() },
  { id: "paste", label: "Paste", group: "Edit", icon: "clipboard", edits: true, run: (a) => void a.paste() },
  { id: "duplicate", label: "Duplicate", group: "Edit", keys: "Ctrl+D", icon: "copy-plus", edits: true, when: some, run: (a) => a.duplicate() },
  { id: "delete", label: "Delete", group: "Edit", keys: "Delete Backspace", icon: "trash", edits: true, canvas: true, when: some, run: (a) => a.remove() },
  { id: "rename", label: "Rename", group: "Edit", keys: "F2", icon: "edit", edits: true, when: some, run: (a) => a.rename() },
  { id: "quickadd", label: "Add a module here…", group: "Edit", keys: "Space", icon: "plus", edits: true, canvas: true, run: (a) => quickAdd(a) },
  { id: "connect", label: "Connect to…", group: "Edit", keys: "C", icon: "plug", edits: true, canvas: true, when: oneModule, run: (a) => a.startConnect() },
  { id: "disable", label: "Disable or enable", group: "Edit", keys: "D", icon: "ban", edits: true, canvas: true, when: oneModule, run: (a) => a.toggleDisabled() },
  { id: "pin", label: "Pin or unpin the output", group: "Edit", keys: "Shift+P", icon: "pin", edits: true, canvas: true, when: (a) => a.pinnable().size > 0, run: (a) => a.togglePin() },
  { id: "group", label: "Group", group: "Edit", keys: "G", icon: "box-multiple", edits: true, canvas: true, when: oneModule, run: (a) => a.group() },
  { id: "ungroup", label: "Ungroup", group: "Edit", keys: "Shift+G", icon: "layers-subtract", edits: true, canvas: true, when: some, run: (a) => a.ungroup() },
  { id: "save-component", label: "Save as component…", group: "Edit", icon: "components", edits: true, when: oneModule, run: (a) => a.saveComponent() },
  { id: "look-into", label: "Look into the component", group: "View", icon: "arrows-maximize", when: (a) => a.nested() !== null, run: (a) => void lookInto(a.designer, a.nested()!) },
  { id: "apart", label: "Take the component apart", group: "Edit", icon: "layers-subtract", edits: true, when: (a) => a.nested() !== null, run: (a) => a.ungroup() },
  { id: "note", label: "Add a note", group: "Edit", keys: "N", icon: "note", edits: true, canvas: true, run: (a) => a.addNote(false) },
  { id: "frame", label: "Add a frame", group: "Edit", keys: "F", icon: "frame", edits: true, canvas: true, run: (a) => a.addNote(true) },
  { id: "comment", label: "Comments", group: "Edit", icon: "message-circle", run: (a) => a.designer.ui.openDialog({ kind: "comments", node: a.selectedNodes()[0]?.id ?? null }) },

  { id: "select-all", label: "Select all", group: "Select", keys: "Ctrl+A", icon: "select-all", canvas: true, run: (a) => a.selectAll() },
  { id: "select-up", label: "Select upstream", group: "Select", keys: "Shift+U", icon: "arrow-bar-to-up", canvas: true, when: oneModule, run: (a) => a.selectWay("up") },
  { id: "select-down", label: "Select downstream", group: "Select", keys: "Shift+D", icon: "arrow-bar-to-down", canvas: true, when: oneModule, run: (a) => a.selectWay("down") },

  { id: "arrange", label: "Arrange", group: "Arrange", keys: "Shift+A", icon: "layout-distribute-horizontal", edits: true, run: (a) => void a.arrange() },
  { id: "tidy", label: "Tidy the selection", group: "Arrange", icon: "wand", edits: true, when: several, run: (a) => void a.tidy() },
  { id: "align-left", label: "Align left", group: "Arrange", icon: "layout-align-left", edits: true, when: several, run: (a) => a.align("left") },
  { id: "align-center", label: "Align centers", group: "Arrange", icon: "layout-align-center", edits: true, when: several, run: (a) => a.align("center") },
  { id: "align-right", label: "Align right", group: "Arrange", icon: "layout-align-right", edits: true, when: several, run: (a) => a.align("right") },
  { id: "align-top", label: "Align top", group: "Arrange", icon: "layout-align-top", edits: true, when: several, run: (a) => a.align("top") },
  { id: "align-middle", label: "Align middles", group: "Arrange", icon: "layout-align-middle", edits: true, when: several, run: (a) => a.align("middle") },
  { id: "align-bottom", label: "Align bottom", group: "Arrange", icon: "layout-align-bottom", edits: true, when: several, run: (a) => a.align("bottom") },
  { id: "distribute-x", label: "Distribute across", group: "Arrange", icon: "layout-distribute-vertical", edits: true, when: several, run: (a) => a.distribute("x") },
  { id: "distribute-y", label: "Distribute down", group: "Arrange", icon: "layout-distribute-horizontal", edits: true, when: several, run: (a) => a.distribute("y") },

  { id: "find", label: "Find in the pipeline", group: "View", keys: "Ctrl+F", icon: "search", run: (a) => a.designer.ui.openLayer({ kind: "find" }) },
  { id: "fit", label: "Fit the graph", group: "View", keys: "1", icon: "arrows-maximize", canvas: true, run: (a) => a.canvas?.fit() },
  { id: "zoom-selection", label: "Zoom to the selection", group: "View", keys: "2", icon: "zoom-scan", canvas: true, when: some, run: (a) => a.zoomToSelection() },
  { id: "zoom-in", label: "Zoom in", group: "View", keys: "+", icon: "plus", canvas: true, run: (a) => a.canvas?.zoom(1.2) },
  { id: "zoom-out", label: "Zoom out", group: "View", keys: "-", icon: "minus", canvas: true, run: (a) => a.canvas?.zoom(1 / 1.2) },
  { id: "zoom-100", label: "Zoom to 100 %", group: "View", keys: "0", icon: "zoom-reset", canvas: true, run: (a) => a.canvas?.zoomTo(1) },
  { id: "outline", label: "Outline or canvas", group: "View", keys: "O", icon: "list-tree", run: (a) => a.designer.ui.set({ view: a.designer.ui.state.get().view === "canvas" ? "outline" : "canvas" }) },
  { id: "palette", label: "Search modules", group: "View", keys: "/", icon: "search", run: (a) => focusPalette(a) },
  { id: "panel", label: "Open the properties", group: "View", keys: "Enter", icon: "layout-sidebar-right", canvas: true, when: oneModule, run: (a) => openPanel(a) },
  { id: "preview", label: "Preview the output", group: "View", keys: "P", icon: "table", canvas: true, when: oneModule, run: (a) => a.preview() },
  { id: "logs", label: "Show the log", group: "View", keys: "L", icon: "file-text", canvas: true, run: (a) => a.designer.ui.openDock("logs") },
  { id: "problems", label: "Show problems", group: "View", icon: "alert-triangle", run: (a) => a.designer.ui.openDock("problems") },
  { id: "toggle-dock", label: "Show or hide the results", group: "View", keys: "Ctrl+J", icon: "layout-bottombar", run: (a) => a.designer.ui.set({ dockOpen: !a.designer.ui.state.get().dockOpen }) },
  { id: "toggle-panel", label: "Show or hide the properties", group: "View", icon: "layout-sidebar-right", run: (a) => a.designer.ui.set({ panelOpen: !a.designer.ui.state.get().panelOpen }) },
  { id: "toggle-palette", label: "Show or hide the modules", group: "View", icon: "layout-sidebar", run: (a) => a.designer.ui.set({ paletteOpen: !a.designer.ui.state.get().paletteOpen }) },
  { id: "overlay", label: "Draft or run on the canvas", group: "View", keys: "R", icon: "stack-2", canvas: true, when: hasRun, run: (a) => a.designer.ui.set({ overlay: a.designer.ui.state.get().overlay === "run" ? "draft" : "run" }) },
  { id: "shortcuts", label: "Keyboard shortcuts", group: "View", keys: "?", icon: "keyboard", run: (a) => a.designer.ui.openLayer({ kind: "shortcuts" }) },

  { id: "submit", label: "Submit…", group: "Run", keys: "Ctrl+Enter", icon: "player-play", run: (a) => a.plan("all") },
  { id: "run-to", label: "Run to here…", group: "Run", keys: "T", canvas: true, icon: "player-track-next", when: oneModule, run: (a) => a.plan("to") },
  { id: "run-from", label: "Run from here…", group: "Run", keys: "Shift+T", canvas: true, icon: "player-skip-forward", when: oneModule, run: (a) => a.plan("from") },
  { id: "run-selected", label: "Run the selected…", group: "Run", keys: "Shift+Enter", canvas: true, icon: "player-play", when: oneModule, run: (a) => a.plan("selected") },
  { id: "retry", label: "Retry what failed…", group: "Run", icon: "refresh", when: hasRun, run: (a) => a.plan("retry") },
  { id: "cancel", label: "Cancel the run", group: "Run", icon: "player-stop-filled", when: running, run: (a) => void a.cancelRun() },
  { id: "validate", label: "Validate", group: "Run", icon: "checks", run: (a) => void a.validate() },

  { id: "versions", label: "Versions", group: "Draft", icon: "history", run: (a) => a.designer.ui.openDialog({ kind: "versions" }) },
  { id: "history", label: "Who changed what", group: "Draft", icon: "users", run: (a) => a.designer.ui.openDialog({ kind: "history" }) },
  { id: "export", label: "Export as YAML, Python or JSON", group: "Draft", icon: "file-code", run: (a) => a.designer.ui.openDialog({ kind: "export" }) },
  { id: "import", label: "Import a graph", group: "Draft", icon: "upload", edits: true, run: (a) => a.designer.ui.openDialog({ kind: "import" }) },
  { id: "publish", label: "Publish as a pipeline endpoint", group: "Draft", icon: "rocket", run: (a) => a.designer.ui.openDialog({ kind: "publish" }) },
  { id: "inference", label: "Make an inference pipeline", group: "Draft", icon: "route", edits: true, run: (a) => a.designer.ui.openDialog({ kind: "inference" }) },
  { id: "settings", label: "Pipeline settings", group: "Draft", icon: "settings", run: (a) => a.designer.ui.openDialog({ kind: "settings" }) },
  { id: "runs", label: "Runs of this pipeline", group: "Draft", icon: "list", run: (a) => a.designer.ui.openDialog({ kind: "runs" }) },
  { id: "share", label: "Share", group: "Draft", icon: "user-plus", run: (a) => a.designer.ui.openDialog({ kind: "share" }) },
];

const BY_ID = new Map(COMMANDS.map((command) => [command.id, command]));

export const commandOf = (id: string): Command => BY_ID.get(id)!;
export const keysFor = (command: Command): string => keySettings.get().own[command.id] ?? command.keys ?? "";
export const isEnabled = (command: Command, actions: Actions): boolean => (!command.edits || actions.canEdit) && (command.when?.(actions) ?? true);

/** The command of these keys, people's own choice before ours. */
export function commandFor(keys: string): Command | undefined {
  return COMMANDS.find((command) => keysFor(command).split(" ").includes(keys));
}

function quickAdd(actions: Actions): void {
  const { canvas, designer } = actions;
  if (!canvas) return;
  const [node] = actions.selectedNodes();
  const at = node ? { x: node.position.x + 116, y: node.position.y + 132 } : canvas.centre();
  const output = node && designer.catalogue.get()?.of(node)?.outputs[0];
  designer.ui.openLayer({ kind: "quickadd", at, screen: canvas.toScreen(at), ...(node && output ? { from: { node: node.id, port: output.name, side: "source" as const } } : {}) });
}

function focusPalette(actions: Actions): void {
  actions.designer.ui.set({ paletteOpen: true });
  focusSoon(() => document.querySelector<HTMLInputElement>(".d-palette input[type=search]"));
}

function openPanel(actions: Actions): void {
  actions.designer.ui.openPanel();
  focusPanel();
}
