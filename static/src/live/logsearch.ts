/** Which lines a reader sees (level filter) and where a search hits; both grow with the log. */
import type { Level, LogBuffer } from "./logbuffer.ts";

export const HIT_LIMIT = 10_000;

export class LogView {
  /** Indices of the lines shown, or null when all are. */
  shown: number[] | null = null;
  /** Lines (by index in the log) that hold the query. */
  hits: number[] = [];
  query = "";
  private levels: ReadonlySet<Level> | null = null;
  private seenLines = 0;
  private seenHits = 0;

  constructor(private readonly log: LogBuffer) {}

  get count(): number {
    return this.shown ? this.shown.length : this.log.length;
  }

  /** The log's line at a row. */
  at(row: number): number {
    return this.shown ? this.shown[row]! : row;
  }

  /** The row of a line, or of the next one shown. */
  rowOf(line: number): number {
    if (!this.shown) return line;
    let [low, high] = [0, this.shown.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.shown[middle]! < line) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, this.shown.length - 1);
  }

  filter(levels: ReadonlySet<Level> | null): void {
    this.levels = levels;
    this.shown = levels ? [] : null;
    this.seenLines = 0;
    this.hits = [];
    this.seenHits = 0;
    this.grow();
  }

  search(query: string): void {
    this.query = query;
    this.hits = [];
    this.seenHits = 0;
    this.grow();
  }

  /** Look at the lines that came since the last call. Unfinished lines wait until they end. */
  grow(): void {
    const done = this.log.lines.length;
    if (this.shown && this.levels) {
      for (let line = this.seenLines; line < done; line++) if (this.levels.has(this.log.level(line))) this.shown.push(line);
    }
    this.seenLines = done;
    if (!this.query) return;
    const wanted = this.query.toLowerCase();
    for (let line = this.seenHits; line < done && this.hits.length < HIT_LIMIT; line++) {
      if (this.levels && !this.levels.has(this.log.level(line))) continue;
      if (this.log.plain(line).toLowerCase().includes(wanted)) this.hits.push(line);
    }
    this.seenHits = done;
  }
}
