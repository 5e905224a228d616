/** Draws the visible part of a grid: heads with their profile, rows, the active cell and the marked block. */
import { h, icon } from "../ui/dom.ts";
import { grouped } from "../ui/format.ts";
import { columnBars } from "./columnbars.ts";
import { isNumber, shownText, textOf, type GridColumn, type GridSource } from "./gridsource.ts";

export const ROW = 26;
export const NUMBER_WIDTH = 56;
const HEAD = 42;
const HEAD_WITH_BARS = 62;

export interface Spot {
  /** -1 is the head. */
  row: number;
  column: number;
}

interface Place {
  column: number;
  left: number;
  width: number;
  pinned: boolean;
}

export class Drawing {
  readonly head = h("div", { class: "grid-head", role: "row", "aria-rowindex": 1 });
  readonly body = h("div", { class: "grid-body", role: "rowgroup" });
  readonly headHeight: number;
  private readonly heads = new Map<number, HTMLElement>();
  private readonly rows = new Map<number, HTMLElement>();
  private readonly cells = new WeakMap<HTMLElement, Map<number, HTMLElement>>();
  private readonly id = `grid-${Math.random().toString(36).slice(2, 8)}`;

  constructor(
    private readonly source: GridSource,
    private readonly pins: boolean,
  ) {
    this.headHeight = source.columns.some((column) => column.bars?.length) ? HEAD_WITH_BARS : HEAD;
  }

  /** The id of the active cell, if it is drawn. */
  get current(): string | null {
    return document.getElementById(`${this.id}-cell`) ? `${this.id}-cell` : null;
  }

  /** Forget what is drawn: its contents or places have changed. */
  clear(): void {
    this.heads.clear();
    this.rows.clear();
    this.head.replaceChildren(cell("columnheader", 0, { column: -1, left: 0, width: NUMBER_WIDTH, pinned: true }, "#"));
    this.body.replaceChildren();
  }

  /** Draw what has come into view since, and take away what has left it. */
  draw(places: readonly Place[], rows: readonly { row: number; top: number }[], size: { width: number; height: number }, active: Spot, anchor: Spot): void {
    this.head.style.width = this.body.style.width = `${size.width}px`;
    this.body.style.height = `${size.height}px`;
    const column = (place: Place): number => place.column;
    arrange(this.head, this.heads, places, column, (place) => this.headCell(place, active), 1);
    arrange(this.body, this.rows, rows, ({ row }) => row, ({ row, top }) => this.row(row, top), 0);
    for (const { row } of rows) {
      const line = this.rows.get(row)!;
      const marked = within(row, active.row, anchor.row) && (active.row !== anchor.row || active.column !== anchor.column);
      arrange(line, this.cells.get(line)!, places, column, (place) => this.marked(row, place, marked, active, anchor), 1);
    }
  }

  private headCell(place: Place, active: Spot): HTMLElement {
    const column = this.source.columns[place.column]!;
    const made = cell("columnheader", place.column + 1, place, "");
    made.append(h("strong", { class: "truncate" }, column.name), h("span", { class: "truncate" }, column.note ?? column.type ?? ""));
    if (column.bars?.length) made.append(columnBars(column.bars, Math.min(place.width - 22, 76)));
    if (this.pins) made.append(this.pin(place, column));
    made.title = describe(column);
    made.dataset["at"] = `-1,${place.column}`;
    if (isNumber(column.type)) made.classList.add("num");
    if (column.role === "label") made.classList.add("is-label");
    this.mark(made, active.row === -1 && active.column === place.column);
    return made;
  }

  private pin(place: Place, column: GridColumn): HTMLElement {
    const label = `${place.pinned ? "Let go of" : "Pin"} ${column.name}`;
    const made = h("button", { type: "button", class: "grid-pin", "data-pin": place.column, tabindex: -1, "aria-label": label, title: `${place.pinned ? "Let go" : "Pin to the left"} (P)`, "aria-pressed": String(place.pinned) }, icon("pin"));
    return made;
  }

  private row(index: number, top: number): HTMLElement {
    const made = h("div", { role: "row", class: "grid-row", "aria-rowindex": index + 2 });
    made.style.transform = `translateY(${top}px)`;
    made.append(cell("rowheader", 0, { column: -1, left: 0, width: NUMBER_WIDTH, pinned: true }, grouped(index + 1)));
    this.cells.set(made, new Map());
    return made;
  }

  private marked(row: number, place: Place, marked: boolean, active: Spot, anchor: Spot): HTMLElement {
    const part = this.bodyCell(row, place);
    if (marked && within(place.column, active.column, anchor.column)) part.classList.add("is-marked");
    this.mark(part, row === active.row && place.column === active.column);
    return part;
  }

  private bodyCell(row: number, place: Place): HTMLElement {
    const value = this.source.cell(row, place.column);
    const text = shownText(value);
    const part = cell("gridcell", place.column + 1, place, value === undefined ? "…" : text || "missing");
    if (isNumber(this.source.columns[place.column]!.type)) part.classList.add("num");
    if (value !== undefined && !text) part.classList.add("is-missing");
    if (text !== textOf(value) || text.length > 40) part.title = textOf(value);
    part.dataset["at"] = `${row},${place.column}`;
    return part;
  }

  private mark(part: HTMLElement, isActive: boolean): void {
    if (!isActive) return;
    part.id = `${this.id}-cell`;
    part.setAttribute("aria-selected", "true");
  }
}

/** Make the children from `first` on those that are wanted, in their order; those that are there already stay as they are. */
function arrange<T>(parent: HTMLElement, kept: Map<number, HTMLElement>, wanted: readonly T[], key: (item: T) => number, make: (item: T) => HTMLElement, first: number): void {
  const keys = new Set(wanted.map(key));
  for (const [known, part] of kept)
    if (!keys.has(known)) {
      part.remove();
      kept.delete(known);
    }
  let next: Element | null = parent.children[first] ?? null;
  for (const item of wanted) {
    const part = kept.get(key(item)) ?? make(item);
    kept.set(key(item), part);
    if (part === next) next = next.nextElementSibling;
    else parent.insertBefore(part, next);
  }
}

const within = (value: number, a: number, b: number): boolean => value >= Math.min(a, b) && value <= Math.max(a, b);

function describe(column: GridColumn): string {
  const missing = column.missing ? `${(column.missing * 100).toFixed(column.missing < 0.01 ? 2 : 1)} % missing` : "";
  return [column.name, column.type, column.note !== column.type ? column.note : "", missing, column.role].filter(Boolean).join(" · ");
}

function cell(role: string, column: number, place: Place, text: string): HTMLElement {
  const made = h("div", { role, class: column === 0 ? "grid-cell grid-number" : place.pinned ? "grid-cell is-pinned" : "grid-cell", "aria-colindex": column + 1 });
  made.style.left = `${place.left}px`;
  made.style.width = `${place.width}px`;
  if (text) made.textContent = text;
  return made;
}
