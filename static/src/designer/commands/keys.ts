/** Listens for keys on the page and runs their commands. */
import { neighbourOf, type Direction } from "../../graph/travel.ts";
import type { Actions } from "./actions.ts";
import { commandFor, isEnabled } from "./commands.ts";
import { isSingle, keysOf, keySettings, mayType } from "./keymap.ts";

export function listenForKeys(actions: Actions): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const keys = keysOf(event);
    if (keys === "Escape") return escape(actions, event);
    const typing = mayType(event.target);
    if (typing && !["Ctrl+Enter", "Ctrl+F"].includes(keys)) return;
    const onCanvas = isOnCanvas(event.target);
    if (onCanvas && arrows(actions, event, keys)) return event.preventDefault();
    const command = commandFor(keys);
    if (!command || (isSingle(keys) && !keySettings.get().single)) return;
    if (command.canvas && !onCanvas) return;
    // Enter and Space on a button press the button.
    if (["Enter", "Space"].includes(keys) && event.target instanceof Element && event.target.closest("button, a, summary, [role=treeitem], [role=row], [role=tab]")) return;
    if (!isEnabled(command, actions)) return;
    event.preventDefault();
    command.run(actions);
  };
  const onPaste = (event: ClipboardEvent): void => {
    if (mayType(event.target) || document.querySelector("dialog[open]")) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    event.preventDefault();
    void actions.paste(text);
  };
  document.addEventListener("keydown", onKey);
  document.addEventListener("paste", onPaste);
  return () => {
    document.removeEventListener("keydown", onKey);
    document.removeEventListener("paste", onPaste);
  };
}

/** The page itself counts: after a click on the canvas nothing may have the focus. */
function isOnCanvas(target: EventTarget | null): boolean {
  if (!(target instanceof Element) || target === document.body || target.id === "content") return true;
  return target.closest(".d-canvas, .d-outline") !== null;
}

function escape(actions: Actions, event: KeyboardEvent): void {
  const { ui } = actions.designer;
  const { layer, inside, component } = ui.state.get();
  if (layer) ui.closeLayer();
  else if (mayType(event.target)) return;
  else if (component) ui.set({ component: null });
  else if (ui.selection.get().size || ui.selectedEdges.get().size) ui.select([]);
  else if (inside) ui.set({ inside: null });
  else return;
  event.preventDefault();
}

function arrows(actions: Actions, event: KeyboardEvent, keys: string): boolean {
  if (!event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey) return false;
  if (event.target instanceof Element && event.target.closest(".d-outline")) return false;
  const direction = event.key as Direction;
  if (keys.startsWith("Alt+")) {
    const step = event.shiftKey ? 1 : 8;
    const [dx, dy] = { ArrowUp: [0, -step], ArrowDown: [0, step], ArrowLeft: [-step, 0], ArrowRight: [step, 0] }[direction] as [number, number];
    actions.nudge(dx, dy);
    return true;
  }
  const { nodes, edges } = actions.designer.draft.snapshot.get();
  const chosen = actions.selectedNodes().at(-1);
  const next = chosen ? neighbourOf(chosen.id, direction, nodes, edges.values()) : (nodes.keys().next().value ?? null);
  if (!next) return true;
  const { ui } = actions.designer;
  ui.select(event.shiftKey ? [...ui.selection.get(), next] : [next]);
  actions.canvas?.focus(next);
  return true;
}
