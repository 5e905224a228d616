/** The rows of a table whose columns all come together, fetched as they come into view. */
import type { GridColumn, GridSource } from "./gridsource.ts";
import { getJson } from "./mount.ts";

export interface Page {
  columns: GridColumn[];
  rows: unknown[][];
  total?: number;
}

export const WINDOW = 200;

export class GridRows implements GridSource {
  readonly columns: Page["columns"];
  readonly total: number;
  private readonly windows = new Map<number, unknown[][]>();
  private readonly asked = new Set<number>();
  private readonly first: unknown[][];
  private arrived: () => void = () => {};
  private troubled: (text: string) => void = () => {};

  constructor(
    page: Page,
    private readonly url: string,
  ) {
    this.columns = page.columns;
    this.first = page.rows;
    this.total = this.url ? (page.total ?? page.rows.length) : page.rows.length;
  }

  cell(row: number, column: number): unknown {
    const cells = this.row(row);
    return cells ? (cells[column] ?? null) : undefined;
  }

  onArrival(work: () => void): void {
    this.arrived = work;
  }

  onTrouble(work: (text: string) => void): void {
    this.troubled = work;
  }

  private row(index: number): unknown[] | null {
    if (index < this.first.length) return this.first[index]!;
    const at = Math.floor(index / WINDOW);
    const rows = this.windows.get(at);
    if (rows) return rows[index - at * WINDOW] ?? [];
    void this.ask(at);
    return null;
  }

  private async ask(at: number): Promise<void> {
    if (this.asked.has(at)) return;
    this.asked.add(at);
    try {
      const page = await getJson<Page>(`${this.url}${this.url.includes("?") ? "&" : "?"}offset=${at * WINDOW}&limit=${WINDOW}`);
      this.windows.set(at, page.rows);
      this.arrived();
    } catch (error) {
      this.troubled(error instanceof Error ? error.message : String(error));
      setTimeout(() => this.asked.delete(at), 5000);
    }
  }
}
