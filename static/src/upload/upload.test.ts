import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { walk } from "./archive.ts";
import { send, type Chosen, type Progress } from "./send.ts";
import { Sha256 } from "./sha256.ts";
import { commonFolder } from "./chosen.ts";
import { namesOf } from "./dropfield.ts";

const real = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

describe("Sha256", () => {
  it("equals the real one for every length around its blocks, in pieces of any size", () => {
    for (const length of [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 4097]) {
      const data = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);
      for (const piece of [1, 7, 64, 1000]) {
        const made = new Sha256();
        for (let at = 0; at < length; at += piece) made.update(data.subarray(at, at + piece));
        expect(made.hex()).toBe(real(data));
      }
    }
  });
});

describe("commonFolder", () => {
  it("takes off the one folder that all files lie in", () => {
    expect(commonFolder(["sales/a.csv", "sales/b/c.csv"])).toBe("sales/");
    expect(commonFolder(["a.csv"])).toBe("");
    expect(commonFolder(["x/a", "y/b"])).toBe("");
  });
});

/** A studio of one page: keeps blobs and one upload, and cuts the line where it is told to. */
class FakeStudio {
  readonly blobs = new Map<string, Uint8Array>();
  readonly log: string[] = [];
  made: unknown = null;
  private parts = new Map<string, { size: number; data: Uint8Array }>();

  constructor(private cuts: number[]) {}

  readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const path = url.replace("/api", "");
    const method = init.method ?? "GET";
    this.log.push(`${method} ${path.replace(/[0-9a-f]{64}/, "<sha>")}`);
    if (path === "/trees") return this.tree(JSON.parse(String(init.body)));
    if (path.startsWith("/blobs/")) {
      const data = new Uint8Array(await (init.body as Blob).arrayBuffer());
      expect(real(data)).toBe(path.slice(7));
      this.blobs.set(path.slice(7), data);
      return Response.json({}, { status: 201 });
    }
    if (path === "/uploads") {
      this.parts.set("u1", { size: JSON.parse(String(init.body)).size, data: new Uint8Array() });
      return Response.json({ upload: "u1", offset: 0, chunk: 1000 }, { status: 201 });
    }
    if (path.startsWith("/uploads/u1")) return this.upload(path, method, init);
    this.made = JSON.parse(String(init.body));
    return Response.json({ version: "1" }, { status: 201 });
  };

  private tree(body: { files: Record<string, { sha256: string }> }): Response {
    const missing = Object.values(body.files).map((f) => f.sha256).filter((sha) => !this.blobs.has(sha));
    return Response.json({ digest: "d", missing, stored: !missing.length });
  }

  private async upload(path: string, method: string, init: RequestInit): Promise<Response> {
    const part = this.parts.get("u1")!;
    if (path.endsWith("/finish")) {
      this.blobs.set(real(part.data), part.data);
      return Response.json({ sha256: real(part.data), size: part.size });
    }
    if (method === "PATCH") {
      const offset = Number((init.headers as Record<string, string>)["Upload-Offset"]);
      expect(offset).toBe(part.data.length);
      let data = new Uint8Array(await (init.body as Blob).arrayBuffer());
      const cut = this.cuts.shift();
      if (cut) data = data.subarray(0, cut);
      part.data = Uint8Array.from([...part.data, ...data]);
      if (cut) throw new TypeError("the line was cut");
    }
    return Response.json({ upload: "u1", offset: part.data.length, chunk: 1000 });
  }
}

const chosen = (name: string, length: number): Chosen => {
  const data = Uint8Array.from({ length }, (_, i) => (i * 7) & 255);
  return { path: name, file: new File([data], name) };
};
const options = (studio: FakeStudio, more = {}) => ({ api: "/api", fetch: studio.fetch, small: 500, wait: 1, ...more });

describe("send", () => {
  it("sends small files whole and large ones in chunks, and goes on where the line was cut", async () => {
    const studio = new FakeStudio([137, 0, 411]);
    const seen: Progress[] = [];
    const digest = await send([chosen("a.csv", 10), chosen("big.bin", 3500)], options(studio, { progress: (p: Progress) => seen.push({ ...p }) }));
    expect(digest).toBe("tree:d");
    expect([...studio.blobs.values()].map((b) => b.length).sort((a, b) => a - b)).toEqual([10, 3500]);
    expect(studio.log.filter((line) => line === "GET /uploads/u1")).toHaveLength(2);
    expect(seen.at(-1)).toMatchObject({ done: 3510, total: 3510 });
  });

  it("sends nothing that the studio has already", async () => {
    const studio = new FakeStudio([]);
    await send([chosen("a.csv", 10), chosen("b.csv", 20)], options(studio));
    studio.log.length = 0;
    await send([chosen("a.csv", 10), chosen("b.csv", 20), chosen("c.csv", 30)], options(studio));
    expect(studio.log.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
  });

  it("stops when it is told to and cancels the upload there", async () => {
    const studio = new FakeStudio([]);
    const stop = new AbortController();
    const sending = send([chosen("big.bin", 3500)], options(studio, {
      signal: stop.signal,
      progress: (p: Progress) => { if (p.phase === "sending" && p.done > 0) stop.abort(); },
    }));
    await expect(sending).rejects.toThrow(/cancel/i);
    expect(studio.log).toContain("DELETE /uploads/u1");
  });
});

describe("walk", () => {
  it("asks until all of an archive is gone through, and counts what comes twice once", async () => {
    const answers = [
      { from: "lab", manifest: {}, imported: ["a", "b"], skipped: [], conflicts: [], bytes: 1, next: { part: "runs", line: 7 } },
      { from: "lab", manifest: {}, imported: ["b", "c"], skipped: ["d"], conflicts: ["e"], bytes: 2, next: null },
    ];
    const asked: unknown[] = [];
    const fetch = async (_url: string, init: RequestInit = {}): Promise<Response> => {
      asked.push(JSON.parse(String(init.body)).after);
      return Response.json(answers[asked.length - 1]);
    };
    const seen: number[] = [];
    const sum = await walk("f".repeat(64), true, { api: "/api", fetch }, (now) => seen.push(now.imported.length));
    expect(asked).toEqual([null, { part: "runs", line: 7 }]);
    expect(seen).toEqual([2, 3]);
    expect([sum.imported, sum.skipped, sum.conflicts, sum.bytes]).toEqual([["a", "b", "c"], ["d"], ["e"], 3]);
  });
});

describe("A drop area", () => {
  it("names what was chosen, and counts what would not fit", () => {
    expect(namesOf([])).toBe("");
    expect(namesOf(["a.csv", "b.csv", "c.csv"])).toBe("a.csv, b.csv, c.csv");
    expect(namesOf(["a.csv", "b.csv", "c.csv", "d.csv"])).toBe("a.csv, b.csv and 2 more");
  });
});
