/** Undo of my own changes only, each with a name that the button shows. */
import type { Doc, UndoManager } from "yjs";
import { Cell } from "./cell.ts";
import { PARTS } from "./snapshot.ts";
import { Y } from "./yjs.ts";

export interface HistoryState {
  undo: string | null;
  redo: string | null;
}

interface Named {
  meta: Map<unknown, unknown>;
}

const MERGE_WITHIN = 1500;

export class History {
  readonly state = new Cell<HistoryState>({ undo: null, redo: null });
  readonly origin = { name: "this tab" };
  private doc: Doc | null = null;
  private manager: UndoManager | null = null;
  private lastKey = "";
  private lastTime = 0;
  private label = "";
  private depth = 0;

  follow(doc: Doc): void {
    this.doc = doc;
    const scope = [...PARTS.map((part) => doc.getMap(part)), doc.getMap("settings")];
    this.manager = new Y.UndoManager(scope, { trackedOrigins: new Set([this.origin]), captureTimeout: Number.MAX_SAFE_INTEGER });
    this.manager.on("stack-item-added", ({ stackItem }: { stackItem: Named }) => {
      // An undone item comes back on the other stack under the name that it had.
      stackItem.meta.set("label", this.label);
      this.publish();
    });
    this.manager.on("stack-item-popped", () => this.publish());
    this.manager.on("stack-cleared", () => this.publish());
  }

  /** Run a change as one undo step; changes of one `key` in quick succession (typing) are one step. */
  change(label: string, work: () => void, key = ""): void {
    if (this.depth || !this.doc) return work(); // a command within a command is part of it
    const now = Date.now();
    if (!key || key !== this.lastKey || now - this.lastTime > MERGE_WITHIN) this.manager?.stopCapturing();
    this.lastKey = key;
    this.lastTime = now;
    this.label = label;
    this.depth += 1;
    try {
      this.doc.transact(work, this.origin);
    } finally {
      this.depth -= 1;
    }
    this.publish();
  }

  undo(): string | null {
    return this.step("undo");
  }

  redo(): string | null {
    return this.step("redo");
  }

  private step(which: "undo" | "redo"): string | null {
    const label = this.state.get()[which];
    if (label === null) return null;
    this.label = label;
    this.lastKey = "";
    this.manager?.[which]();
    this.publish();
    return label;
  }

  private publish(): void {
    const top = (stack: Named[] | undefined): string | null => {
      const item = stack?.at(-1);
      return item ? String(item.meta.get("label") ?? "change") : null;
    };
    const undo = top(this.manager?.undoStack as unknown as Named[] | undefined);
    const redo = top(this.manager?.redoStack as unknown as Named[] | undefined);
    const now = this.state.get();
    if (now.undo !== undo || now.redo !== redo) this.state.set({ undo, redo });
  }
}
