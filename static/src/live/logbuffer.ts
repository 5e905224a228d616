/**
 * A log as the browser holds it: bytes come in by offset, lines go out; nothing is lost or doubled.
 *
 * Bytes may come doubled, overlapping, out of order or cut inside a UTF-8 sequence. What is ahead of us is kept
 * aside and the gap named, so that the caller fetches it over HTTP.
 */
export interface Gap {
  from: number;
  to: number;
}

interface Piece {
  offset: number;
  bytes: Uint8Array;
}

export enum Level {
  none = 0,
  debug = 1,
  info = 2,
  warning = 3,
  error = 4,
}

const HELD_LIMIT = 4 * 1024 * 1024;
const ANSI = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]/g;
const SGR = /\x1b\[([0-9;]*)m/g;
const LEVELS: [RegExp, Level][] = [
  [/\b(?:ERROR|CRITICAL|FATAL)\b|^Traceback \(most recent|^\w*(?:Error|Exception)\b:/, Level.error],
  [/\b(?:WARN|WARNING)\b|\w+Warning:/, Level.warning],
  [/\bINFO\b/, Level.info],
  [/\b(?:DEBUG|TRACE)\b/, Level.debug],
];

const encoder = new TextEncoder();

export class LogBuffer {
  /** Finished lines, raw (with their ANSI codes), without the line end. */
  readonly lines: string[] = [];
  /** The colour codes in force where a line starts; only for lines where there are any. */
  private readonly carried = new Map<number, string>();
  private readonly levels: Level[] = [];
  private decoder = new TextDecoder();
  private rest = "";
  private state = "";
  private held: Piece[] = [];
  private heldBytes = 0;
  /** The first byte held: above zero when a very long log is shown from its tail. */
  start: number;
  /** The offset after the last byte taken in. */
  have: number;
  /** Bytes that came twice and were cut away; for tests and the curious. */
  cut = 0;

  constructor(start = 0) {
    this.start = start;
    this.have = start;
  }

  /** Lines to show: the finished ones, and the unfinished last one when it has text. */
  get length(): number {
    return this.lines.length + (this.rest ? 1 : 0);
  }

  line(index: number): string {
    return index < this.lines.length ? this.lines[index]! : visiblePart(this.rest);
  }

  plain(index: number): string {
    return stripAnsi(this.line(index));
  }

  /** The line with the colours that earlier lines left on. */
  coloured(index: number): string {
    return (this.carried.get(index) ?? "") + this.line(index);
  }

  level(index: number): Level {
    return this.levels[index] ?? levelOf(this.plain(index), this.levels.at(-1) ?? Level.none);
  }

  /** Take in a websocket message; `next` is the offset after it, as the server counts. */
  addText(offset: number, text: string, next: number): Gap | null {
    const bytes = encoder.encode(text);
    // A sequence cut at the server became a replacement character: the text no longer has the bytes' length.
    if (bytes.length !== next - offset) return next > this.have ? { from: this.have, to: next } : null;
    return this.add(offset, bytes);
  }

  /** Take in bytes; returns the gap to fetch when they start beyond what we have. */
  add(offset: number, bytes: Uint8Array): Gap | null {
    if (offset > this.have) {
      this.hold({ offset, bytes });
      return { from: this.have, to: offset };
    }
    this.take(offset, bytes);
    return this.release();
  }

  /** The last line without its end is a line too once no more will come. */
  seal(): void {
    this.text(this.decoder.decode());
    if (this.rest) this.finish(this.rest);
    this.rest = "";
  }

  /** Everything held, as one text. */
  whole(): string {
    return [...this.lines, ...(this.rest ? [visiblePart(this.rest)] : [])].join("\n");
  }

  private hold(piece: Piece): void {
    if (this.heldBytes + piece.bytes.length > HELD_LIMIT) return; // it will be fetched with the gap before it
    this.held.push(piece);
    this.heldBytes += piece.bytes.length;
    this.held.sort((a, b) => a.offset - b.offset);
  }

  private release(): Gap | null {
    while (this.held[0] && this.held[0].offset <= this.have) {
      const piece = this.held.shift()!;
      this.heldBytes -= piece.bytes.length;
      this.take(piece.offset, piece.bytes);
    }
    return this.held[0] ? { from: this.have, to: this.held[0].offset } : null;
  }

  private take(offset: number, bytes: Uint8Array): void {
    const known = this.have - offset;
    this.cut += Math.min(known, bytes.length);
    if (known >= bytes.length) return;
    const fresh = known ? bytes.subarray(known) : bytes;
    this.have += fresh.length;
    this.text(this.decoder.decode(fresh, { stream: true }));
  }

  private text(text: string): void {
    if (!text) return;
    const parts = text.split("\n");
    parts[0] = this.rest + parts[0]!;
    this.rest = parts.pop()!;
    for (const part of parts) this.finish(part);
  }

  private finish(raw: string): void {
    const index = this.lines.length;
    if (this.state) this.carried.set(index, this.state);
    const line = visiblePart(raw);
    this.lines.push(line);
    this.levels.push(levelOf(line.includes("\x1b") ? stripAnsi(line) : line, this.levels[index - 1] ?? Level.none));
    if (raw.includes("\x1b")) this.state = colourAfter(this.state, raw);
  }
}

/** What a terminal shows of a line with carriage returns: a progress bar's last state. */
export function visiblePart(raw: string): string {
  const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  const at = line.lastIndexOf("\r");
  return at < 0 ? line : line.slice(at + 1);
}

export function stripAnsi(text: string): string {
  return text.includes("\x1b") ? text.replace(ANSI, "") : text;
}

/** The level that a line names; a line that goes on after an error (a traceback) keeps it while it is indented. */
export function levelOf(line: string, before: Level): Level {
  const head = line.length > 160 ? line.slice(0, 160) : line;
  for (const [pattern, level] of LEVELS) if (pattern.test(head)) return level;
  return before === Level.error && /^\s+\S/.test(head) ? Level.error : Level.none;
}

/** The colour codes that are on after a line. */
export function colourAfter(before: string, line: string): string {
  let state = before;
  for (const [code, numbers] of line.matchAll(SGR)) {
    if (numbers === "" || /^0*$/.test(numbers!)) state = "";
    else if (/^0+;/.test(numbers!)) state = code;
    else state += code;
  }
  return state;
}
