/** Keeps the draft in step with the server and the other open tabs: y-protocols over one websocket. */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as awarenessProtocol from "y-protocols/awareness";
import * as syncProtocol from "y-protocols/sync";
import * as Y from "yjs";
import { backOff } from "../../live/connection.ts";
import type { Column, Problem } from "../../graph/types.ts";
import type { Cell } from "./cell.ts";
import { BANNER_AFTER, type ConnectionState } from "./connection.ts";
import type { DraftStore } from "./draft.ts";

const SYNC = 0;
const AWARENESS = 1;
const QUERY_AWARENESS = 3;
const PING_EVERY = 15_000;
const ANSWER_WITHIN = 6000;

export type ColumnsByPort = Record<string, Record<string, Column[] | null>>;

export interface ProblemsFrame {
  problems: Problem[];
  columns: ColumnsByPort;
}

export type TextFrame = { type: string } & Record<string, unknown>;

export class Provider {
  readonly awareness: awarenessProtocol.Awareness;
  private socket: WebSocket | null = null;
  private tries = 0;
  private heard = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private banner: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  constructor(
    private readonly url: string,
    private readonly draft: DraftStore,
    readonly state: Cell<ConnectionState>,
    private readonly onText: (frame: TextFrame) => void,
  ) {
    this.awareness = new awarenessProtocol.Awareness(draft.doc);
    draft.doc.on("update", this.onUpdate);
    this.awareness.on("update", this.onAwareness);
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.onLost());
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.hurry());
    addEventListener("beforeunload", (event) => {
      if (this.state.get().state !== "online" && this.state.get().unsaved) event.preventDefault();
    });
    setInterval(() => this.ping(), PING_EVERY);
  }

  start(): void {
    this.dial();
  }

  private dial(): void {
    clearTimeout(this.timer);
    const address = new URL(this.url, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.addEventListener("open", () => this.onOpen());
    socket.addEventListener("message", (event) => this.onMessage(event));
    socket.addEventListener("close", (event) => this.onClose(event, socket));
    this.banner ??= setTimeout(() => this.set({ state: "offline" }), BANNER_AFTER);
  }

  private onOpen(): void {
    this.tries = 0;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    syncProtocol.writeSyncStep1(encoder, this.draft.doc);
    this.send(encoding.toUint8Array(encoder));
    this.sendAwareness([this.awareness.clientID]);
  }

  private onMessage(event: MessageEvent): void {
    this.heard += 1;
    if (typeof event.data === "string") return this.onFrame(event.data);
    const decoder = decoding.createDecoder(new Uint8Array(event.data as ArrayBuffer));
    const kind = decoding.readVarUint(decoder);
    if (kind === SYNC) {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, SYNC);
      const step = syncProtocol.readSyncMessage(decoder, encoder, this.draft.doc, this);
      if (encoding.length(encoder) > 1) this.send(encoding.toUint8Array(encoder));
      if (step === syncProtocol.messageYjsSyncStep2) this.onSynced();
    } else if (kind === AWARENESS) {
      awarenessProtocol.applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
    } else if (kind === QUERY_AWARENESS) this.sendAwareness([...this.awareness.getStates().keys()]);
  }

  private onSynced(): void {
    clearTimeout(this.banner);
    this.banner = undefined;
    this.draft.begin();
    this.set({ state: "online" });
  }

  private onFrame(data: string): void {
    let frame: TextFrame;
    try {
      frame = JSON.parse(data) as TextFrame;
    } catch {
      return;
    }
    if (frame.type === "saved") {
      const unsaved = this.isStored(frame["state"]) ? 0 : this.state.get().unsaved;
      const by = frame["by"];
      const savedBy = typeof by === "string" ? by : ((by as { name?: string } | null)?.name ?? null);
      this.set({ unsaved, savedAt: String(frame["at"] ?? new Date().toISOString()), savedBy, revision: Number(frame["revision"]) });
    }
    this.onText(frame);
  }

  /** Whether what the server has stored, told as a state vector, holds all that was written here. */
  private isStored(state: unknown): boolean {
    if (typeof state !== "string") return true;
    const { doc } = this.draft;
    const stored = Y.decodeStateVector(Uint8Array.from(atob(state), (letter) => letter.charCodeAt(0)));
    return (stored.get(doc.clientID) ?? 0) >= Y.getState(doc.store, doc.clientID);
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    this.set({ unsaved: this.state.get().unsaved + 1 });
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    syncProtocol.writeUpdate(encoder, update);
    this.send(encoding.toUint8Array(encoder)); // while offline it is kept in the document and synced on reconnect
  };

  private readonly onAwareness = ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>, origin: unknown): void => {
    if (origin !== this) this.sendAwareness([...added, ...updated, ...removed]);
  };

  private sendAwareness(clients: number[]): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(encoder, awarenessProtocol.encodeAwarenessUpdate(this.awareness, clients));
    this.send(encoding.toUint8Array(encoder));
  }

  private send(bytes: Uint8Array): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  /** A sleeping laptop keeps a dead socket that looks open; the server answers a state vector, so ask one. */
  private ping(): void {
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const heard = this.heard;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    syncProtocol.writeSyncStep1(encoder, this.draft.doc);
    this.send(encoding.toUint8Array(encoder));
    setTimeout(() => {
      if (heard === this.heard && socket === this.socket) this.onLost();
    }, ANSWER_WITHIN);
  }

  private onClose(event: CloseEvent, socket: WebSocket): void {
    if (socket !== this.socket || this.ended) return;
    if (event.code >= 4400 && event.code < 4500) {
      this.ended = true;
      clearTimeout(this.banner);
      this.draft.writable.set(false);
      this.set({ state: "refused", message: "You were signed out or lost access to this draft. Copy what you need, then reload the page." });
      return;
    }
    this.onLost();
  }

  private onLost(): void {
    if (this.ended) return;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.banner ??= setTimeout(() => this.set({ state: "offline" }), BANNER_AFTER);
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.awareness.clientID);
    awarenessProtocol.removeAwarenessStates(this.awareness, others, this);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.dial(), backOff(this.tries++));
  }

  private hurry(): void {
    if (this.ended || this.socket?.readyState === WebSocket.OPEN || this.socket?.readyState === WebSocket.CONNECTING) return;
    this.dial();
  }

  private leave(): void {
    awarenessProtocol.removeAwarenessStates(this.awareness, [this.awareness.clientID], "leave");
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private set(change: Partial<ConnectionState>): void {
    this.state.update((now) => ({ ...now, ...change }));
  }
}
