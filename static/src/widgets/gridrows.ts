/** The rows of a wide table, fetched by windows as they come into view. */
import { getJson } from "./mount.ts";

export interface Page {
  columns: { name: string; type?: string }[];
  rows: unknown[][];
  total?: number;
}

export const WINDOW = 200;

export class GridRows {
  readonly columns: Page["columns"];
  readonly total: number;
  private readonly windows = new Map<number, unknown[][]>();
  private readonly asked = new Set<number>();
  private readonly first: unknown[][];

  constructor(
    page: Page,
    private readonly url: string,
    private readonly arrived: () => void,
    private readonly failed: (text: string) => void,
  ) {
    this.columns = page.columns;
    this.first = page.rows;
    this.total = this.url ? (page.total ?? page.rows.length) : page.rows.length;
  }

  /** The row, or null while it is on its way. */
  row(index: number): unknown[] | null {
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
      this.failed(error instanceof Error ? error.message : String(error));
      setTimeout(() => this.asked.delete(at), 5000);
    }
  }
}

const NUMBERS = /^(?:u?int|float|double|number|decimal|long)/i;

export const isNumber = (type: string | undefined): boolean => NUMBERS.test(type ?? "");

/** How wide a column should be, from its name and its first values. */
export function widthOf(column: Page["columns"][number], at: number, rows: readonly unknown[][]): number {
  const longest = rows.slice(0, 60).reduce((most, row) => Math.max(most, String(row[at] ?? "missing").length), 0);
  return Math.min(Math.max(column.name.length + 1, (column.type ?? "").length, longest, 6) * 7.3 + 26, 300);
}
