/** A table of any size: only the cells in view are in the page; arrows move, Shift marks, Ctrl+C copies. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import { h } from "../ui/dom.ts";
import { grouped } from "../ui/format.ts";
import { copyText } from "../ui/shell.ts";
import { Drawing, NUMBER_WIDTH, ROW, type Spot } from "./gridcells.ts";
import { blockText, widthOf, type GridSource } from "./gridsource.ts";

export interface GridOptions {
  label: string;
  /** A column's head was chosen, by click or Enter. */
  onColumn?: (column: number) => void;
  /** Whether heads have a pin. */
  pins?: boolean;
  footer?: boolean;
}

interface Filter {
  text?: string;
  types?: readonly string[];
}

type Virtual = Virtualizer<HTMLElement, HTMLElement>;

export class Grid {
  private readonly scroller: HTMLElement;
  private readonly state = h("div", { class: "grid-state muted", role: "status" });
  private readonly down: Virtual;
  private readonly across: Virtual;
  private readonly undo: (() => void)[] = [];
  private readonly drawing: Drawing;
  private readonly widths: number[];
  private shown: number[];
  private pinned: number[] = [];
  private active: Spot = { row: 0, column: 0 };
  private anchor: Spot = { row: 0, column: 0 };
  private queued = 0;

  constructor(
    root: HTMLElement,
    private readonly source: GridSource,
    private readonly options: GridOptions,
  ) {
    this.widths = source.columns.map((column, at) => widthOf(column, sample(source, at)));
    this.shown = source.columns.map((_, at) => at);
    this.drawing = new Drawing(source, options.pins ?? false);
    this.scroller = h("div", { class: "grid-scroll", role: "grid", tabindex: 0, "aria-label": options.label, "aria-rowcount": source.total + 1, "aria-colcount": source.columns.length + 1 });
    this.scroller.append(h("div", { role: "rowgroup", class: "grid-top" }, this.drawing.head), this.drawing.body);
    this.scroller.style.setProperty("--grid-head", `${this.drawing.headHeight}px`);
    root.classList.add("datagrid");
    root.replaceChildren(this.scroller, ...(options.footer === false ? [] : [this.state]));
    this.say();
    this.down = new Virtualizer<HTMLElement, HTMLElement>({ ...this.shared(), count: source.total, estimateSize: () => ROW, overscan: 6, scrollPaddingStart: this.drawing.headHeight });
    this.across = new Virtualizer<HTMLElement, HTMLElement>({ ...this.shared(), ...this.columnOptions() });
    for (const virtual of [this.down, this.across]) {
      this.undo.push(virtual._didMount());
      virtual._willUpdate();
    }
    source.onArrival(() => this.later());
    source.onTrouble((text) => (this.state.textContent = text));
    this.scroller.addEventListener("keydown", (event) => this.onKey(event));
    this.scroller.addEventListener("click", (event) => this.onClick(event));
    this.draw();
  }

  stop(): void {
    cancelAnimationFrame(this.queued);
    for (const undo of this.undo) undo();
  }

  /** Keep only columns whose name has the text and whose type is asked for; returns how many. */
  filter({ text = "", types = [] }: Filter): number {
    const wanted = text.trim().toLowerCase();
    this.shown = this.source.columns.flatMap((column, at) =>
      (!wanted || column.name.toLowerCase().includes(wanted)) && (!types.length || types.includes(column.type ?? "")) ? [at] : [],
    );
    this.refit();
    return this.shown.length;
  }

  pin(column: number): void {
    this.pinned = this.pinned.includes(column) ? this.pinned.filter((each) => each !== column) : [...this.pinned, column];
    this.refit();
  }

  /** Heads or cells have changed in the source. */
  refresh(): void {
    this.later();
  }

  /** What scrolls, for who wants to keep two grids at the same place. */
  get view(): HTMLElement {
    return this.scroller;
  }

  showColumn(column: number): void {
    this.go({ row: this.active.row, column });
  }

  private shared(): { getScrollElement: () => HTMLElement; observeElementRect: typeof observeElementRect; observeElementOffset: typeof observeElementOffset; scrollToFn: typeof elementScroll; onChange: () => void } {
    return { getScrollElement: () => this.scroller, observeElementRect, observeElementOffset, scrollToFn: elementScroll, onChange: () => this.drawMore() };
  }

  private get loose(): number[] {
    return this.shown.filter((column) => !this.pinned.includes(column));
  }

  private columnOptions(): { horizontal: true; count: number; estimateSize: (at: number) => number; overscan: number; paddingStart: number; scrollPaddingStart: number; getItemKey: (at: number) => number } {
    const loose = this.loose;
    const held = NUMBER_WIDTH + this.pinned.reduce((sum, column) => sum + this.widths[column]!, 0);
    return { horizontal: true, count: loose.length, estimateSize: (at) => this.widths[loose[at]!]!, overscan: 2, paddingStart: held, scrollPaddingStart: held, getItemKey: (at) => loose[at]! };
  }

  private refit(): void {
    this.across.setOptions({ ...this.across.options, ...this.columnOptions() });
    this.across.measure();
    this.across._willUpdate();
    this.say();
    this.draw();
  }

  private say(): void {
    const all = this.source.columns.length;
    const columns = this.shown.length === all ? grouped(all) : `${grouped(this.shown.length)} of ${grouped(all)}`;
    this.state.textContent = `${grouped(this.source.total)} rows × ${columns} columns`;
  }

  private later(): void {
    cancelAnimationFrame(this.queued);
    this.queued = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.drawing.clear();
    this.drawMore();
  }

  /** While it scrolls only what comes into view is drawn: making all cells anew takes five times as long. */
  private drawMore(): void {
    const loose = this.loose;
    let left = NUMBER_WIDTH;
    const held = this.pinned.map((column) => {
      const place = { column, left, width: this.widths[column]!, pinned: true };
      left += place.width;
      return place;
    });
    const places = [...held, ...this.across.getVirtualItems().map((item) => ({ column: loose[item.index]!, left: item.start, width: item.size, pinned: false }))];
    const rows = this.down.getVirtualItems().map((item) => ({ row: item.index, top: item.start }));
    this.drawing.draw(places, rows, { width: this.across.getTotalSize(), height: this.down.getTotalSize() }, this.active, this.anchor);
    const current = this.drawing.current;
    if (current) this.scroller.setAttribute("aria-activedescendant", current);
    else this.scroller.removeAttribute("aria-activedescendant");
  }

  private onClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const pin = target.closest<HTMLElement>("[data-pin]");
    if (pin) return this.pin(Number(pin.dataset["pin"]));
    const at = target.closest<HTMLElement>("[data-at]")?.dataset["at"]?.split(",").map(Number);
    if (!at) return;
    this.go({ row: at[0]!, column: at[1]! }, event.shiftKey);
    if (at[0] === -1) this.options.onColumn?.(at[1]!);
  }

  private onKey(event: KeyboardEvent): void {
    const move = this.moved(event);
    if (move) {
      event.preventDefault();
      event.stopPropagation();
      this.go(move, event.shiftKey);
    } else if (event.key === "Enter" && this.active.row === -1) {
      event.stopPropagation();
      this.options.onColumn?.(this.active.column);
    } else if (event.key.toLowerCase() === "p" && this.options.pins && !event.ctrlKey && !event.metaKey) {
      event.stopPropagation();
      this.pin(this.active.column);
    } else if (event.key === "c" && (event.ctrlKey || event.metaKey) && !getSelection()?.toString()) {
      event.stopPropagation();
      this.copy();
    }
  }

  private moved(event: KeyboardEvent): Spot | null {
    const order = [...this.pinned, ...this.loose];
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW) - 3);
    const { row } = this.active;
    const at = order.indexOf(this.active.column);
    const last = { row: this.source.total - 1, at: order.length - 1 };
    const moves: Record<string, [number, number]> = {
      ArrowDown: [row + 1, at],
      ArrowUp: [row - 1, at],
      ArrowRight: [row, at + 1],
      ArrowLeft: [row, at - 1],
      PageDown: [row + page, at],
      PageUp: [Math.max(row - page, 0), at],
      Home: event.ctrlKey ? [0, 0] : [row, 0],
      End: event.ctrlKey ? [last.row, last.at] : [row, last.at],
    };
    const move = event.altKey ? undefined : moves[event.key];
    if (!move || !order.length) return null;
    return { row: Math.min(Math.max(move[0], -1), last.row), column: order[Math.min(Math.max(move[1], 0), last.at)]! };
  }

  private copy(): void {
    const rows: [number, number] = [Math.max(Math.min(this.active.row, this.anchor.row), 0), Math.max(this.active.row, this.anchor.row, 0)];
    const order = [...this.pinned, ...this.loose];
    const [from, to] = [order.indexOf(this.active.column), order.indexOf(this.anchor.column)].sort((a, b) => a - b);
    const columns = order.slice(Math.max(from!, 0), to! + 1);
    void copyText(this.active.row === -1 ? columns.map((column) => this.source.columns[column]!.name).join("\t") : blockText(this.source, rows, columns));
  }

  private go(spot: Spot, marking = false): void {
    this.active = spot;
    if (!marking) this.anchor = spot;
    if (spot.row >= 0) this.down.scrollToIndex(spot.row, { align: "auto" });
    const at = this.loose.indexOf(spot.column);
    if (at >= 0) this.across.scrollToIndex(at, { align: "auto" });
    this.draw();
  }
}

function sample(source: GridSource, column: number): unknown[] {
  return Array.from({ length: Math.min(source.total, 40) }, (_, row) => (column < 60 ? source.cell(row, column) : null));
}
