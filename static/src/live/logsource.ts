/** Fills a log buffer: history over HTTP by ranges, news by websocket, and what was missed by HTTP again. */
import { problemOf } from "../widgets/mount.ts";
import { connect, type Message } from "./connection.ts";
import type { LogBuffer } from "./logbuffer.ts";

const RANGE = 1024 * 1024;
/** Longer logs are shown from their tail; the download has all of it. */
export const TAIL = 48 * 1024 * 1024;
const POLL = 3000;

export interface SourceEvents {
  changed(): void;
  sealed(): void;
  problem(text: string | null): void;
}

export class LogSource {
  size = 0;
  isSealed = false;
  private fetching = false;
  private again = false;
  private failures = 0;
  private stopped = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly url: string,
    private readonly socketUrl: string,
    private readonly log: LogBuffer,
    private readonly events: SourceEvents,
  ) {}

  start(): void {
    void this.fill();
    if (!this.socketUrl) return;
    const connection = connect(this.socketUrl);
    this.undo.push(
      connection.onMessage((message) => this.onMessage(message)),
      // What was written before we were listening was told to nobody, the first time and after each break.
      connection.onOpen(() => {
        connection.send({ type: "log.subscribe", offset: this.log.have });
        void this.fill();
      }),
    );
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const undo of this.undo) undo();
  }

  private onMessage(message: Message): void {
    if (message.type === "log") {
      const { offset, text, next } = message as unknown as { offset: number; text: string; next: number };
      // While history is on its way everything new lies beyond it, and comes with it.
      const gap = this.log.addText(offset, text, next);
      this.size = Math.max(this.size, next);
      if (gap) void this.fill();
      this.events.changed();
    } else if (message.type === "run" && ["Completed", "Failed", "Canceled"].includes(String(message["status"]))) {
      void this.fill();
    }
  }

  /** Fetch from where we are to the end as the server knows it; asked meanwhile, once more. */
  private async fill(): Promise<void> {
    if (this.fetching) {
      this.again = true;
      return;
    }
    this.fetching = true;
    try {
      do {
        this.again = false;
        while (!this.stopped && (await this.fetchOne()));
      } while (this.again && !this.stopped);
      this.failures = 0;
      this.events.problem(null);
      if (!this.socketUrl && !this.isSealed) this.later(POLL);
    } catch (error) {
      this.failures += 1;
      this.events.problem(error instanceof Error ? error.message : String(error));
      this.later(Math.min(1000 * 2 ** this.failures, 15_000));
    } finally {
      this.fetching = false;
    }
  }

  private later(wait: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stopped || void this.fill(), wait);
  }

  private async fetchOne(): Promise<boolean> {
    const offset = this.log.have;
    const answer = await fetch(`${this.url}${this.url.includes("?") ? "&" : "?"}offset=${offset}&limit=${RANGE}`);
    if (!answer.ok) throw new Error(await problemOf(answer));
    const number = (name: string): number => Number(answer.headers.get(name) ?? "0");
    const bytes = new Uint8Array(await answer.arrayBuffer());
    this.size = Math.max(this.size, number("X-Log-Size"));
    if (offset === 0 && this.log.have === 0 && this.size > TAIL) {
      this.log.start = this.log.have = this.size - TAIL;
      return true;
    }
    const from = answer.headers.has("X-Log-Offset") ? number("X-Log-Offset") : offset;
    this.log.add(from, bytes);
    this.isSealed = answer.headers.get("X-Log-Sealed") === "1";
    const atEnd = this.log.have >= this.size || bytes.length === 0;
    if (atEnd && this.isSealed) {
      this.log.seal();
      this.events.sealed();
    }
    this.events.changed();
    return !atEnd;
  }
}
