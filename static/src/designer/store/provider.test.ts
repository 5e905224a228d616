import * as Y from "yjs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Cell } from "./cell.ts";
import type { ConnectionState } from "./connection.ts";
import { DraftStore } from "./draft.ts";
import { Provider } from "./provider.ts";
import { provideYjs } from "./yjs.ts";

provideYjs(Y);

class Socket extends EventTarget {
  static last: Socket;
  static readonly OPEN = 1;
  static readonly CONNECTING = 0;
  readyState = 0;
  sent: Uint8Array[] = [];
  constructor() {
    super();
    Socket.last = this;
  }
  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }
  close(): void {
    this.readyState = 3;
  }
  say(frame: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
}

function start(): { draft: DraftStore; provider: Provider } {
  vi.stubGlobal("WebSocket", Socket);
  vi.useFakeTimers();
  const draft = new DraftStore();
  draft.attach(new Y.Doc());
  const provider = new Provider("/ws/", draft, new Cell<ConnectionState>({ state: "connecting", unsaved: 0, savedAt: null, savedBy: null, revision: null }), () => undefined);
  provider.start();
  draft.begin();
  return { draft, provider };
}

const state = (doc: Y.Doc): string => btoa(String.fromCharCode(...Y.encodeStateVector(doc)));

describe("the connection to the draft", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("says saved only when what was written here is in what is stored", () => {
    const { draft, provider } = start();
    draft.addNode({ component: "split_data", position: { x: 0, y: 0 } });
    const before = state(draft.doc);
    draft.setLabel("split_data", "Halves");
    expect(provider.state.get().unsaved).toBe(2);
    Socket.last.say({ type: "saved", revision: 1, at: "2026-01-01T00:00:00Z", by: "Olga", state: before });
    expect(provider.state.get().unsaved).toBe(2);
    Socket.last.say({ type: "saved", revision: 2, at: "2026-01-01T00:00:01Z", by: "Olga", state: state(draft.doc) });
    expect(provider.state.get()).toMatchObject({ unsaved: 0, revision: 2, savedBy: "Olga" });
  });

  it("tells of a loss within two seconds and keeps what is edited meanwhile", () => {
    const { draft, provider } = start();
    vi.advanceTimersByTime(2000);
    expect(provider.state.get().state).toBe("offline");
    draft.addNode({ component: "split_data", position: { x: 0, y: 0 } });
    expect(provider.state.get().unsaved).toBe(1);
    expect(Socket.last.sent).toEqual([]);
  });

  it("stops for good, and lets nobody edit, when access is lost", () => {
    const { draft, provider } = start();
    Socket.last.dispatchEvent(Object.assign(new Event("close"), { code: 4403 }));
    expect(provider.state.get().state).toBe("refused");
    expect(draft.writable.get()).toBe(false);
  });
});
