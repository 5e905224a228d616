/** What a grid shows and where it gets it: rows and columns by windows, so that neither end of a table need be in memory. */
export interface Bar {
  from?: number | string | null;
  to?: number | string | null;
  count: number;
}

export interface GridColumn {
  name: string;
  type?: string;
  /** What the head says below the name; else the type. */
  note?: string;
  role?: string;
  /** Share of missing values, 0 to 1. */
  missing?: number;
  bars?: readonly Bar[];
}

export interface GridSource {
  readonly columns: readonly GridColumn[];
  readonly total: number;
  /** `undefined` while it is on its way; the grid draws again when `onArrival` has told it. */
  cell(row: number, column: number): unknown;
  onArrival(work: () => void): void;
  onTrouble(work: (text: string) => void): void;
}

export interface TableWindow {
  rows: unknown[][];
  firstRow: number;
  firstColumn: number;
}

export const ROWS = 100;
export const COLUMNS = 50;
const RETRY = 5000;

/** Cells fetched by tiles of rows and columns as they come into view. */
export class TileSource implements GridSource {
  private readonly tiles = new Map<string, unknown[][]>();
  private readonly asked = new Set<string>();
  private arrived: () => void = () => {};
  private troubled: (text: string) => void = () => {};

  constructor(
    readonly columns: readonly GridColumn[],
    readonly total: number,
    private readonly read: (firstRow: number, rows: number, firstColumn: number, columns: number) => Promise<unknown[][]>,
  ) {}

  /** Cells that came with the profile need not be asked for again. */
  keep(window: TableWindow): void {
    const wide = window.rows[0]?.length ?? 0;
    for (let row = 0; row < window.rows.length; row += ROWS) {
      const tall = Math.min(ROWS, window.rows.length - row);
      const isWhole = tall === ROWS || window.firstRow + row + tall >= this.total;
      for (let column = 0; column < wide && isWhole; column += COLUMNS) {
        const across = Math.min(COLUMNS, wide - column);
        if (across < COLUMNS && window.firstColumn + column + across < this.columns.length) continue;
        this.tiles.set(
          key(window.firstRow + row, window.firstColumn + column),
          window.rows.slice(row, row + tall).map((cells) => cells.slice(column, column + across)),
        );
      }
    }
  }

  cell(row: number, column: number): unknown {
    const name = key(row, column);
    const tile = this.tiles.get(name);
    if (!tile) {
      void this.ask(name, row, column);
      return undefined;
    }
    return tile[row % ROWS]?.[column % COLUMNS] ?? null;
  }

  onArrival(work: () => void): void {
    this.arrived = work;
  }

  onTrouble(work: (text: string) => void): void {
    this.troubled = work;
  }

  private async ask(name: string, row: number, column: number): Promise<void> {
    if (this.asked.has(name)) return;
    this.asked.add(name);
    const firstRow = row - (row % ROWS);
    const firstColumn = column - (column % COLUMNS);
    try {
      const rows = await this.read(firstRow, ROWS, firstColumn, Math.min(COLUMNS, this.columns.length - firstColumn));
      this.tiles.set(name, rows);
      this.arrived();
    } catch (error) {
      this.troubled(error instanceof Error ? error.message : String(error));
      setTimeout(() => this.asked.delete(name), RETRY);
    }
  }
}

const key = (row: number, column: number): string => `${Math.floor(row / ROWS)}:${Math.floor(column / COLUMNS)}`;

const NUMBERS = /^(?:u?int|float|double|number|numeric|decimal|long)/i;

export const isNumber = (type: string | undefined): boolean => NUMBERS.test(type ?? "");

export function textOf(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** What a cell shows: fractions in six digits, everything else as it is; copying takes the whole value. */
export function shownText(value: unknown): string {
  return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : textOf(value);
}

/** How wide a column should be, from its head and its first values. */
export function widthOf(column: GridColumn, values: readonly unknown[]): number {
  const longest = values.reduce<number>((most, value) => Math.max(most, shownText(value).length), 0);
  const head = Math.max((column.name.length + 1) * 7.6, (column.note ?? column.type ?? "").length * 6.3);
  return Math.round(Math.min(Math.max(head, longest * 7.3, 44) + 24, 300));
}

/** Cells of a block as text that a spreadsheet takes. */
export function blockText(source: GridSource, rows: [number, number], columns: readonly number[]): string {
  const quote = (text: string): string => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines: string[] = [];
  for (let row = rows[0]; row <= rows[1]; row += 1) lines.push(columns.map((column) => quote(textOf(source.cell(row, column)))).join("\t"));
  return lines.join("\n");
}
