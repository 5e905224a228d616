import { describe, expect, it } from "vitest";
import { colourAfter, Level, levelOf, LogBuffer, visiblePart } from "./logbuffer.ts";
import { LogView } from "./logsearch.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a log buffer", () => {
  it("shows the unfinished last line and finishes it when its end comes", () => {
    const log = new LogBuffer();
    log.add(0, bytes("one\ntw"));
    expect([log.length, log.line(1)]).toEqual([2, "tw"]);
    log.add(6, bytes("o\n"));
    expect(log.lines).toEqual(["one", "two"]);
  });

  it("cuts what came twice", () => {
    const log = new LogBuffer();
    log.add(0, bytes("abc\n"));
    log.add(0, bytes("abc\n"));
    log.add(2, bytes("c\nde\n"));
    expect(log.lines).toEqual(["abc", "de"]);
    expect(log.cut).toBe(6);
    expect(log.have).toBe(7);
  });

  it("names a gap, keeps what is beyond it, and joins both when the gap is filled", () => {
    const log = new LogBuffer();
    log.add(0, bytes("a\n"));
    expect(log.add(6, bytes("d\n"))).toEqual({ from: 2, to: 6 });
    expect(log.length).toBe(1);
    expect(log.add(2, bytes("b\nc\n"))).toBeNull();
    expect(log.lines).toEqual(["a", "b", "c", "d"]);
  });

  it("puts pieces in order whatever order they come in", () => {
    const text = Array.from({ length: 200 }, (_, i) => `line ${i} äöü €`).join("\n") + "\n";
    const all = bytes(text);
    const pieces: [number, Uint8Array][] = [];
    for (let at = 0; at < all.length; at += 7) pieces.push([at, all.subarray(at, at + 11)]);
    let seed = 7;
    pieces.sort(() => ((seed = (seed * 1103515245 + 12345) % 2 ** 31) % 2 ? 1 : -1));
    const log = new LogBuffer();
    for (const [at, piece] of pieces) log.add(at, piece);
    expect(log.whole()).toBe(text.trimEnd());
    expect(log.have).toBe(all.length);
  });

  it("joins a character whose bytes came in two pieces", () => {
    const log = new LogBuffer();
    const all = bytes("5 € \u{1F600}\n");
    for (let at = 0; at < all.length; at++) log.add(at, all.subarray(at, at + 1));
    expect(log.lines).toEqual(["5 € \u{1F600}"]);
  });

  it("asks for the bytes again when a text does not have the length its offsets say", () => {
    const log = new LogBuffer();
    expect(log.addText(0, "5 \ufffd", 3)).toEqual({ from: 0, to: 3 });
    expect(log.have).toBe(0);
    expect(log.addText(0, "5 €", 5)).toBeNull();
    expect(log.have).toBe(5);
  });

  it("does not ask for bytes that it has already", () => {
    const log = new LogBuffer();
    log.add(0, bytes("5 €\n"));
    expect(log.addText(0, "5 \ufffd", 3)).toBeNull();
  });

  it("counts the byte order mark and lone surrogates as bytes like any other", () => {
    const log = new LogBuffer();
    const all = new Uint8Array([0xff, 0x41, 0x0a, 0xc3, 0x0a]);
    log.add(0, all);
    log.seal();
    expect([log.have, log.lines.length]).toEqual([5, 2]);
  });

  it("holds a hundred thousand lines that come in three broken streams, none lost or doubled", () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i} of the run, iter ${i % 97} loss ${(1 / (i + 1)).toFixed(6)}`);
    const all = bytes(lines.join("\n") + "\n");
    const log = new LogBuffer();
    const third = Math.floor(all.length / 3);
    for (const [from, to] of [[0, third], [third - 5000, 2 * third], [2 * third - 70_000, all.length]] as const) {
      for (let at = from; at < to; at += 16_384) log.add(at, all.subarray(at, Math.min(at + 16_384, to)));
    }
    expect(log.lines.length).toBe(100_000);
    expect(log.lines).toEqual(lines);
  });

  it("drops what it cannot hold beyond a gap and still asks for all of it", () => {
    const log = new LogBuffer();
    const big = new Uint8Array(3 * 1024 * 1024).fill(0x61);
    log.add(10, big);
    log.add(10 + big.length, big);
    expect(log.add(0, bytes("123456789\n"))).toBeNull();
    expect(log.have).toBe(10 + big.length);
    expect(log.add(10 + 2 * big.length, bytes("x"))).toEqual({ from: 10 + big.length, to: 10 + 2 * big.length });
  });

  it("starts in the middle of a very long log", () => {
    const log = new LogBuffer(1000);
    log.add(1000, bytes("tail\n"));
    expect([log.lines, log.have]).toEqual([["tail"], 1005]);
  });
});

describe("a line", () => {
  it("shows the last state of a progress bar", () => {
    expect(visiblePart("10%\r50%\r100%")).toBe("100%");
    expect(visiblePart("from Windows\r")).toBe("from Windows");
  });

  it("carries a colour on to the next line until it is reset", () => {
    const log = new LogBuffer();
    log.add(0, bytes("\x1b[31mred\nstill\x1b[0m\nplain\n"));
    expect(log.coloured(1)).toBe("\x1b[31mstill\x1b[0m");
    expect(log.coloured(2)).toBe("plain");
    expect(colourAfter("\x1b[1m", "\x1b[0;32mx")).toBe("\x1b[0;32m");
  });

  it("has the level it names, and an indented line after an error has that", () => {
    expect(levelOf("10:44 WARN early stop", Level.none)).toBe(Level.warning);
    expect(levelOf("ValueError: bad", Level.none)).toBe(Level.error);
    expect(levelOf('  File "a.py", line 3', Level.error)).toBe(Level.error);
    expect(levelOf("loss 0.2", Level.error)).toBe(Level.none);
  });
});

describe("what a reader sees of a log", () => {
  it("finds hits in lines that come later, through colour codes and whatever the case", () => {
    const log = new LogBuffer();
    const view = new LogView(log);
    log.add(0, bytes("Early stop\n"));
    view.search("early stop");
    const from = log.have;
    log.add(from, bytes("x\n\x1b[33mearly \x1b[1mstop\x1b[0m\n"));
    view.grow();
    expect(view.hits).toEqual([0, 2]);
  });

  it("filters by level and finds the row of a line", () => {
    const log = new LogBuffer();
    log.add(0, bytes("INFO a\nERROR b\nINFO c\nERROR d\n"));
    const view = new LogView(log);
    view.filter(new Set([Level.error]));
    expect(view.shown).toEqual([1, 3]);
    expect(view.rowOf(2)).toBe(1);
    view.search("c");
    expect(view.hits).toEqual([]);
  });
});
