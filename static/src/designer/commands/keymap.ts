/** Which keys run which command; people may change them, or turn single keys off (WCAG 2.1.4). */
import { Cell } from "../store/cell.ts";

const STORED = "officina.designer.keys";

export interface KeySettings {
  /** Whether single keys such as `C` work; those with Ctrl always do. */
  single: boolean;
  /** Command id -> keys, where they differ from what we ship. */
  own: Record<string, string>;
}

function load(): KeySettings {
  try {
    const held = JSON.parse(localStorage.getItem(STORED) ?? "{}") as Partial<KeySettings>;
    return { single: held.single !== false, own: held.own ?? {} };
  } catch {
    return { single: true, own: {} };
  }
}

export const keySettings = new Cell<KeySettings>(load());

export function saveKeys(change: Partial<KeySettings>): void {
  keySettings.update((now) => ({ ...now, ...change }));
  try {
    localStorage.setItem(STORED, JSON.stringify(keySettings.get()));
  } catch {
    // a private window may refuse: they last as long as the page
  }
}

const NAMES: Record<string, string> = { " ": "Space", Esc: "Escape", Del: "Delete" };

/** The pressed keys as text, such as "Ctrl+Shift+Z"; Cmd counts as Ctrl. */
export function keysOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
  const key = NAMES[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  // "?" and "/" need Shift on some keyboards and not on others; the sign itself decides.
  const shifted = event.shiftKey && (event.key.length > 1 || /[a-z ]/i.test(event.key));
  return [event.ctrlKey || event.metaKey ? "Ctrl" : "", event.altKey ? "Alt" : "", shifted ? "Shift" : "", key].filter(Boolean).join("+");
}

export const isSingle = (keys: string): boolean => !/^(Ctrl|Alt)\+/.test(keys) && !["Escape", "Delete", "Backspace", "Enter", "F2"].includes(keys) && !keys.startsWith("Arrow") && !keys.startsWith("Shift+Arrow");

/** How keys are shown to people. */
export const shown = (keys: string): string => keys.split(" ")[0]!.replace(/\+(?=.)/g, " ").replace("ArrowUp", "↑").replace("ArrowDown", "↓").replace("ArrowLeft", "←").replace("ArrowRight", "→").replace("Escape", "Esc");

/** The same for assistive technology: `aria-keyshortcuts`. */
export const ariaKeys = (keys: string): string => keys.replaceAll("Ctrl+", "Control+");

export function mayType(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio], [type=range], [type=button]), textarea, select") || target.closest(".cm-editor") !== null);
}
