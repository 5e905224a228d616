/** One websocket per address, shared by whoever asks; it reconnects for as long as the page lives. */
export interface Message {
  type: string;
  [key: string]: unknown;
}

type Listener = (message: Message) => void;

const BANNER_AFTER = 2000;
const PING_EVERY = 20_000;
const PONG_WITHIN = 8000;
const open = new Map<string, Connection>();
let lost = 0;

/** The wait before the n-th try: 0.5 s doubling to 10 s, spread so that tabs do not come back all at once. */
export function backOff(tries: number, random = Math.random()): number {
  return Math.min(500 * 2 ** tries, 10_000) * (0.75 + random / 2);
}

export function connect(url: string): Connection {
  let connection = open.get(url);
  if (!connection) open.set(url, (connection = new Connection(url)));
  return connection;
}

export class Connection {
  private socket: WebSocket | null = null;
  private tries = 0;
  private opened = 0;
  private heard = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private banner: ReturnType<typeof setTimeout> | undefined;
  private isLost = false;
  private closed = false;
  private readonly listeners = new Set<Listener>();
  private readonly openers = new Set<(again: boolean) => void>();

  constructor(private readonly url: string) {
    this.dial();
    setInterval(() => this.ping(), PING_EVERY);
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    addEventListener("pagehide", () => this.socket?.close());
    addEventListener("pageshow", (event) => event.persisted && this.hurry());
  }

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  onMessage(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called after each time the socket opens (`again` from the second time on), and at once when it is open. */
  onOpen(opener: (again: boolean) => void): () => void {
    this.openers.add(opener);
    if (this.isOpen) opener(false);
    return () => this.openers.delete(opener);
  }

  send(message: Message): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(message));
  }

  private dial(): void {
    const address = new URL(this.url, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.addEventListener("open", () => this.onSocketOpen());
    socket.addEventListener("message", (event) => this.onSocketMessage(event));
    socket.addEventListener("close", (event) => this.onSocketClose(event, socket));
  }

  /** A socket can be dead without anybody saying so (a laptop that slept, a proxy that forgot us). */
  private ping(): void {
    const socket = this.socket;
    if (!socket || !this.isOpen) return;
    const heard = this.heard;
    this.send({ type: "ping" });
    setTimeout(() => {
      if (this.heard !== heard || socket !== this.socket || !this.isOpen) return;
      this.socket = null;
      socket.close();
      this.onLost();
    }, PONG_WITHIN);
  }

  private onSocketOpen(): void {
    this.tries = 0;
    clearTimeout(this.banner);
    this.banner = undefined;
    this.setLost(false);
    const again = this.opened++ > 0;
    for (const opener of this.openers) opener(again);
  }

  private onSocketMessage(event: MessageEvent): void {
    this.heard += 1;
    let message: Message;
    try {
      message = JSON.parse(String(event.data)) as Message;
    } catch {
      return; // not ours: the page shows the same after a reload
    }
    for (const listener of this.listeners) listener(message);
  }

  private onSocketClose(event: CloseEvent, socket: WebSocket): void {
    if (socket !== this.socket || this.closed) return;
    // 44xx: the server refused for good (signed out, no longer a member, no such run).
    if (event.code >= 4400 && event.code < 4500) {
      this.closed = true;
      this.setLost(true, "This page is no longer live: you were signed out or lost access. Reload to go on.");
      return;
    }
    this.onLost();
  }

  private onLost(): void {
    this.banner ??= setTimeout(() => this.setLost(true), BANNER_AFTER);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.dial(), backOff(this.tries++));
  }

  /** Do not wait out the back-off when the network or the reader has just come back. */
  private hurry(): void {
    if (this.closed || this.isOpen || this.socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.timer);
    this.dial();
  }

  private setLost(isLost: boolean, text = "Connection lost, catching up…"): void {
    if (isLost !== this.isLost) {
      lost += isLost ? 1 : -1;
      this.isLost = isLost;
    }
    const banner = document.getElementById("connection");
    if (!banner) return;
    banner.hidden = lost === 0;
    const words = banner.querySelector("span");
    if (words && words.textContent !== text && isLost) words.textContent = text;
  }
}
