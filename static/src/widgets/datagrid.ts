/** A table of any size: only the cells in view are in the page; arrows move, Ctrl+C copies. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import { h } from "../ui/dom.ts";
import { grouped } from "../ui/format.ts";
import { copyText } from "../ui/shell.ts";
import { GridRows, isNumber, widthOf, type Page } from "./gridrows.ts";
import { configOf, getJson } from "./mount.ts";

const ROW = 26;
const HEAD = 42;
const NUMBER_WIDTH = 64;

export function datagrid(element: HTMLElement): () => void {
  let grid: Grid | undefined;
  const fail = (error: unknown): void => {
    element.replaceChildren(h("p", { class: "grid-none", role: "alert" }, `The table could not be read. ${error instanceof Error ? error.message : ""}`));
  };
  const given = configOf<Page>(element);
  const page = given ? Promise.resolve(given) : getJson<Page>(element.dataset["url"] ?? "");
  page.then((read) => (grid = new Grid(element, read))).catch(fail);
  return () => grid?.stop();
}

class Grid {
  private readonly rows: GridRows;
  private readonly scroller: HTMLElement;
  private readonly body = h("div", { class: "grid-body", role: "rowgroup" });
  private readonly head = h("div", { class: "grid-head", role: "row", "aria-rowindex": 1 });
  private readonly state = h("div", { class: "grid-state muted", role: "status" });
  private readonly down: Virtualizer<HTMLElement, HTMLElement>;
  private readonly across: Virtualizer<HTMLElement, HTMLElement>;
  private readonly undo: (() => void)[] = [];
  private readonly id = `grid-${Math.random().toString(36).slice(2, 8)}`;
  private active = { row: 0, column: 0 };

  constructor(root: HTMLElement, page: Page) {
    this.rows = new GridRows(page, root.dataset["url"] ?? "", () => this.draw(), (text) => (this.state.textContent = text));
    const label = root.dataset["title"] ?? "Table";
    this.scroller = h("div", { class: "grid-scroll", role: "grid", tabindex: 0, "aria-label": label, "aria-rowcount": this.rows.total + 1, "aria-colcount": this.rows.columns.length + 1 });
    this.scroller.append(h("div", { role: "rowgroup", class: "grid-top" }, this.head), this.body);
    root.classList.add("datagrid");
    root.replaceChildren(this.scroller, this.state);
    this.state.textContent = `${grouped(this.rows.total)} rows × ${grouped(this.rows.columns.length)} columns`;
    const shared = { getScrollElement: () => this.scroller, observeElementRect, observeElementOffset, scrollToFn: elementScroll, onChange: () => this.draw() };
    const widths = this.rows.columns.map((column, at) => widthOf(column, at, page.rows));
    this.down = new Virtualizer<HTMLElement, HTMLElement>({ ...shared, count: this.rows.total, estimateSize: () => ROW, overscan: 6, scrollPaddingStart: HEAD });
    this.across = new Virtualizer<HTMLElement, HTMLElement>({ ...shared, horizontal: true, count: widths.length, estimateSize: (at) => widths[at]!, overscan: 2, scrollPaddingStart: NUMBER_WIDTH });
    for (const virtual of [this.down, this.across]) {
      this.undo.push(virtual._didMount());
      virtual._willUpdate();
    }
    this.scroller.addEventListener("keydown", (event) => this.onKey(event));
    this.body.addEventListener("click", (event) => this.onClick(event));
    this.draw();
  }

  stop(): void {
    for (const undo of this.undo) undo();
  }

  private draw(): void {
    const columns = this.across.getVirtualItems();
    const width = `${this.across.getTotalSize() + NUMBER_WIDTH}px`;
    this.head.style.width = this.body.style.width = width;
    this.body.style.height = `${this.down.getTotalSize()}px`;
    this.head.replaceChildren(cell("columnheader", 0, 0, NUMBER_WIDTH, "#"));
    for (const column of columns) {
      const { name, type } = this.rows.columns[column.index]!;
      const made = cell("columnheader", column.index + 1, column.start + NUMBER_WIDTH, column.size, "");
      made.append(h("strong", { class: "truncate" }, name), h("span", { class: "truncate" }, type ?? ""));
      made.title = [name, type].filter(Boolean).join(" · ");
      if (isNumber(type)) made.classList.add("num");
      this.head.append(made);
    }
    this.body.replaceChildren(...this.down.getVirtualItems().map((item) => this.row(item.index, item.start, columns)));
    const current = document.getElementById(`${this.id}-cell`);
    if (current) this.scroller.setAttribute("aria-activedescendant", current.id);
    else this.scroller.removeAttribute("aria-activedescendant");
  }

  private row(index: number, top: number, columns: { index: number; start: number; size: number }[]): HTMLElement {
    const made = h("div", { role: "row", class: "grid-row", "aria-rowindex": index + 2 });
    made.style.transform = `translateY(${top}px)`;
    made.append(cell("rowheader", 0, 0, NUMBER_WIDTH, grouped(index + 1)));
    const values = this.rows.row(index);
    for (const column of columns) {
      const value = values ? values[column.index] : undefined;
      const missing = value === null || value === "" || value === undefined;
      const text = !values ? "…" : missing ? "missing" : typeof value === "object" ? JSON.stringify(value) : String(value);
      const part = cell("gridcell", column.index + 1, column.start + NUMBER_WIDTH, column.size, text);
      if (isNumber(this.rows.columns[column.index]!.type)) part.classList.add("num");
      if (missing) part.classList.add("is-missing");
      part.dataset["at"] = `${index},${column.index}`;
      if (index === this.active.row && column.index === this.active.column) {
        part.id = `${this.id}-cell`;
        part.setAttribute("aria-selected", "true");
      }
      made.append(part);
    }
    return made;
  }

  private onClick(event: MouseEvent): void {
    const at = (event.target as HTMLElement).closest<HTMLElement>("[data-at]")?.dataset["at"]?.split(",").map(Number);
    if (at) this.go(at[0]!, at[1]!);
  }

  private onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW) - 2);
    const { row, column } = this.active;
    const last = { row: this.rows.total - 1, column: this.rows.columns.length - 1 };
    const moves: Record<string, [number, number]> = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + page, column],
      PageUp: [row - page, column],
      Home: event.ctrlKey ? [0, 0] : [row, 0],
      End: event.ctrlKey ? [last.row, last.column] : [row, last.column],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      this.go(Math.min(Math.max(move[0], 0), last.row), Math.min(Math.max(move[1], 0), last.column));
    } else if (event.key === "c" && (event.ctrlKey || event.metaKey) && !getSelection()?.toString()) {
      void copyText(String(this.rows.row(row)?.[column] ?? ""));
    }
  }

  private go(row: number, column: number): void {
    this.active = { row, column };
    this.down.scrollToIndex(row, { align: "auto" });
    this.across.scrollToIndex(column, { align: "auto" });
    this.draw();
  }
}

function cell(role: string, column: number, left: number, width: number, text: string): HTMLElement {
  const made = h("div", { role, class: role === "rowheader" || column === 0 ? "grid-cell grid-number" : "grid-cell", "aria-colindex": column + 1 });
  if (column > 0) made.style.left = `${left}px`;
  made.style.width = `${width}px`;
  if (text) made.textContent = text;
  return made;
}
