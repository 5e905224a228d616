/** Who else has the draft open: avatars, cursors, selections, and the field each one edits. */
import type { Awareness } from "y-protocols/awareness";
import type { Point } from "../../graph/types.ts";
import { Cell, Keyed } from "./cell.ts";
import type { Me } from "./config.ts";
import type { UiStore } from "./ui.ts";

export interface Peer {
  client: number;
  user: Me;
  cursor: Point | null;
  selection: readonly string[];
  editing: { node: string; param: string | null } | null;
}

const CURSOR_EVERY = 60;

export class Presence {
  readonly peers = new Cell<readonly Peer[]>([]);
  /** The peer who has this node selected. */
  readonly holder = new Keyed<Peer>();
  /** Who edits "<node>:<param>" right now. */
  readonly editor = new Keyed<Peer>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next: Point | null = null;

  private awareness: Awareness | null = null;

  constructor(
    private readonly user: Me,
    private readonly ui: UiStore,
  ) {}

  /** From here on the others see me, and I them. */
  join(awareness: Awareness): void {
    const chosen = (): string[] => [...this.ui.selection.get()].slice(0, 200);
    this.awareness = awareness;
    awareness.setLocalState({ user: this.user, cursor: null, selection: chosen(), editing: null });
    awareness.on("change", () => this.read(awareness));
    this.ui.selection.subscribe(() => awareness.setLocalStateField("selection", chosen()));
  }

  /** Where my pointer is, in canvas coordinates; null when it left. */
  point(at: Point | null): void {
    this.next = at && { x: Math.round(at.x), y: Math.round(at.y) };
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      if (this.peers.get().length || this.next === null) this.awareness?.setLocalStateField("cursor", this.next);
    }, CURSOR_EVERY);
  }

  editing(node: string | null, param: string | null = null): void {
    this.awareness?.setLocalStateField("editing", node === null ? null : { node, param });
  }

  private read(awareness: Awareness): void {
    const peers: Peer[] = [];
    for (const [client, state] of awareness.getStates()) {
      const user = state["user"] as Partial<Me> | undefined;
      if (client === awareness.clientID || !user?.name) continue;
      peers.push({
        client,
        user: { name: user.name, initials: user.initials || user.name.slice(0, 2).toUpperCase(), color: safeColor(user.color) },
        cursor: pointOf(state["cursor"]),
        selection: Array.isArray(state["selection"]) ? (state["selection"] as unknown[]).filter((id): id is string => typeof id === "string") : [],
        editing: (state["editing"] as Peer["editing"]) ?? null,
      });
    }
    this.peers.set(peers);
    const holders = new Map<string, Peer>();
    const editors = new Map<string, Peer>();
    for (const peer of peers) {
      for (const id of peer.selection) holders.set(id, known(this.holder.get(id), peer));
      if (peer.editing) editors.set(`${peer.editing.node}:${peer.editing.param ?? ""}`, peer);
    }
    this.holder.merge(holders, true);
    this.editor.merge(editors, true);
  }
}

/** A cursor that moves must not repaint the nodes that its owner has selected. */
function known(before: Peer | undefined, now: Peer): Peer {
  return before && before.client === now.client && before.user.color === now.user.color && before.user.name === now.user.name ? before : now;
}

/** Colours come from other people's browsers: only plain ones are used. */
function safeColor(color: unknown): string {
  return typeof color === "string" && /^(#[0-9a-f]{3,8}|hsl\([\d.,%\s/deg]+\)|var\(--[\w-]+\))$/i.test(color) ? color : "var(--avatar)";
}

function pointOf(value: unknown): Point | null {
  const { x, y } = (value ?? {}) as Partial<Point>;
  return Number.isFinite(x) && Number.isFinite(y) ? { x: x!, y: y! } : null;
}
