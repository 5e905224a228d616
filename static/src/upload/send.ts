/** Sends files to the content store: digests first, then only what is missing, going on where a line was cut. */
import { Sha256 } from "./sha256.ts";

export interface Chosen {
  path: string;
  file: File;
}

export interface Progress {
  phase: "reading" | "sending" | "storing";
  done: number;
  total: number;
  file: string;
}

export interface Options {
  api: string;
  csrf?: string;
  fetch?: typeof fetch | ((url: string, init?: RequestInit) => Promise<Response>);
  signal?: AbortSignal;
  progress?: (progress: Progress) => void;
  /** Files up to this size go in one request. */
  small?: number;
  /** How long to wait after the first failure, in ms; doubled each time. */
  wait?: number;
}

interface Entry {
  sha256: string;
  size: number;
}

const PIECE = 1 << 20;
const SMALL = 4 << 20;
const PARALLEL = 4;
const TRIES = 8;

/** Store the files and return their tree's address; throws with the studio's words. */
export async function send(files: Chosen[], options: Options): Promise<string> {
  return new Sending(files, options).go();
}

/** Store one file, in chunks, and return its digest; bytes that the workspace has are not sent again. */
export async function store(file: File, options: Options): Promise<string> {
  return new Sending([{ path: file.name, file }], options).alone();
}

/** Ask the studio once; throws with its words. */
export async function ask<T>(options: Options, path: string, init: RequestInit): Promise<T> {
  return new Sending([], options).ask<T>(path, init);
}

class Sending {
  private done = 0;
  private total = 0;
  private phase: Progress["phase"] = "reading";

  constructor(
    private readonly files: Chosen[],
    private readonly options: Options,
  ) {}

  async go(): Promise<string> {
    this.total = this.files.reduce((sum, each) => sum + each.file.size, 0);
    const entries: Record<string, Entry> = {};
    for (const { path, file } of this.files) entries[path] = { sha256: await this.digest(path, file), size: file.size };
    let missing = await this.offer(entries);
    const wanted = new Set(missing);
    this.phase = "sending";
    this.total = 0;
    const queue: [Chosen, Entry][] = [];
    for (const chosen of this.files) {
      const entry = entries[chosen.path]!;
      if (!wanted.delete(entry.sha256)) continue;
      queue.push([chosen, entry]);
      this.total += entry.size;
    }
    this.done = 0;
    await Promise.all(Array.from({ length: PARALLEL }, () => this.drain(queue)));
    this.phase = "storing";
    this.tell("");
    missing = await this.offer(entries);
    if (missing.length) throw new Error(`${missing.length} files were not kept by the studio. Try again.`);
    return `tree:${this.digestOfTree}`;
  }

  async alone(): Promise<string> {
    const [{ path, file }] = this.files as [Chosen];
    this.total = file.size;
    const entry = { sha256: await this.digest(path, file), size: file.size };
    this.phase = "sending";
    this.done = 0;
    await this.inChunks({ path, file }, entry);
    return entry.sha256;
  }

  private digestOfTree = "";

  private async offer(files: Record<string, Entry>): Promise<string[]> {
    const body = await this.ask<{ digest: string; missing: string[] }>("/trees", { method: "POST", body: JSON.stringify({ files }), headers: { "Content-Type": "application/json" } });
    this.digestOfTree = body.digest;
    return body.missing;
  }

  private async digest(path: string, file: File): Promise<string> {
    const made = new Sha256();
    for (let at = 0; at < file.size; at += PIECE) {
      this.check();
      made.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
      this.done += Math.min(PIECE, file.size - at);
      this.tell(path);
    }
    return made.hex();
  }

  private async drain(queue: [Chosen, Entry][]): Promise<void> {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [chosen, entry] = next;
      if (entry.size <= (this.options.small ?? SMALL)) {
        await this.again(() => this.ask(`/blobs/${entry.sha256}`, { method: "PUT", body: chosen.file, headers: { "Content-Type": "application/octet-stream" } }));
        this.done += entry.size;
        this.tell(chosen.path);
      } else await this.inChunks(chosen, entry);
    }
  }

  private async inChunks({ path, file }: Chosen, entry: Entry): Promise<void> {
    const begun = await this.ask<{ upload: string; offset: number; chunk: number }>("/uploads", {
      method: "POST",
      body: JSON.stringify({ name: path, size: entry.size, sha256: entry.sha256 }),
      headers: { "Content-Type": "application/json" },
    });
    const at = `/uploads/${begun.upload}`;
    let counted = 0;
    let offset = begun.offset;
    let known = true;
    try {
      while (offset < entry.size) {
        offset = await this.again(async () => {
          // After a cut line only the studio knows how much arrived.
          if (!known) offset = (await this.ask<{ offset: number }>(at, {})).offset;
          // Another page sends the same file, and was quicker.
          if (offset >= entry.size) return offset;
          known = false;
          const body = file.slice(offset, offset + begun.chunk);
          const answer = await this.ask<{ offset: number }>(at, {
            method: "PATCH",
            body,
            headers: { "Content-Type": "application/octet-stream", "Upload-Offset": String(offset) },
          });
          known = true;
          return answer.offset;
        });
        // Other files are on their way too: count what was added, never set.
        this.done += offset - counted;
        counted = offset;
        this.tell(path);
      }
      // A studio that was restarted meanwhile reads a large file again, some seconds of each request.
      let stored: { checked?: number };
      do stored = await this.again(() => this.ask<{ checked?: number }>(`${at}/finish`, { method: "POST" }));
      while (stored.checked !== undefined);
    } catch (error) {
      if (this.options.signal?.aborted) await this.raw(at, { method: "DELETE" }, false).catch(() => undefined);
      throw error;
    }
  }

  /** Try again while the line or the studio is away; what the studio refuses is final. */
  private async again<T>(work: () => Promise<T>): Promise<T> {
    let pause = this.options.wait ?? 500;
    for (let tried = 1; ; tried++) {
      try {
        return await work();
      } catch (error) {
        this.check();
        if (error instanceof Refused || tried >= TRIES) throw error;
        await new Promise((wake) => setTimeout(wake, pause));
        pause = Math.min(pause * 2, 15_000);
      }
    }
  }

  async ask<T>(path: string, init: RequestInit): Promise<T> {
    const answer = await this.raw(path, init, true);
    const body: unknown = await answer.json().catch(() => ({}));
    if (answer.ok) return body as T;
    const problem = (body as { error?: { message?: string; hint?: string } }).error;
    const text = [problem?.message ?? `The studio answered ${answer.status}.`, problem?.hint].filter(Boolean).join(" ");
    // 400 with an offset problem is a cut line seen from the other side; 409 is a stale offset.
    throw answer.status >= 500 || answer.status === 409 || /line was cut/.test(text) ? new Error(text) : new Refused(text);
  }

  private raw(path: string, init: RequestInit, stoppable: boolean): Promise<Response> {
    if (stoppable) this.check();
    const go = (this.options.fetch ?? fetch) as (url: string, init: RequestInit) => Promise<Response>;
    const headers = { ...(init.headers as Record<string, string>), "X-CSRFToken": this.options.csrf ?? "" };
    const signal = stoppable && this.options.signal ? { signal: this.options.signal } : {};
    return go(this.options.api + path, { ...init, headers, ...signal });
  }

  private check(): void {
    if (this.options.signal?.aborted) throw new Refused("The upload was canceled.");
  }

  private tell(file: string): void {
    this.options.progress?.({ phase: this.phase, done: this.done, total: this.total, file });
  }
}

class Refused extends Error {}
