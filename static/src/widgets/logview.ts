/** A run's log: 100,000 lines without strain, live, searched, filtered, linked by line. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import { Level, LogBuffer } from "../live/logbuffer.ts";
import { HIT_LIMIT, LogView } from "../live/logsearch.ts";
import { LogSource } from "../live/logsource.ts";
import { announce, button, h, icon, throttle } from "../ui/dom.ts";
import { bytes, grouped } from "../ui/format.ts";
import { copyText } from "../ui/shell.ts";
import { toast } from "../ui/toast.ts";
import { drawLine } from "./logline.ts";

const LINE = 19;
const LEVELS: Record<string, Level[]> = {
  all: [],
  "info and up": [Level.info, Level.warning, Level.error],
  "warnings and errors": [Level.warning, Level.error],
  errors: [Level.error],
};

export function logview(element: HTMLElement): () => void {
  const panel = new LogPanel(element);
  return () => panel.stop();
}

class LogPanel {
  private readonly log = new LogBuffer();
  private readonly view = new LogView(this.log);
  private readonly source: LogSource;
  private readonly virtual: Virtualizer<HTMLElement, HTMLElement>;
  private readonly undo: () => void;
  private readonly scroller = h("div", { class: "log-lines", role: "group", tabindex: 0, "aria-label": "Log" });
  private readonly canvas = h("div", { class: "log-canvas" });
  private readonly state = h("div", { class: "log-state", role: "status" });
  private readonly search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search the log", spellcheck: false });
  private readonly found = h("span", { class: "log-found", "aria-live": "polite" });
  private readonly followButton = button("Follow", icon("player-track-next-filled"), "log-follow", () => this.setFollow(!this.follow));
  private follow: boolean;
  private wrap = false;
  private hit = -1;
  private target = lineOfHash();
  private drawn = new Map<number, HTMLElement>();
  private readonly grown = throttle(() => this.onGrown(), 100);

  constructor(private readonly root: HTMLElement) {
    this.follow = this.target < 0;
    this.build();
    this.virtual = new Virtualizer<HTMLElement, HTMLElement>(this.options());
    this.undo = this.virtual._didMount();
    this.virtual._willUpdate();
    this.source = new LogSource(root.dataset["url"] ?? "", root.dataset["ws"] ?? "", this.log, {
      changed: () => this.grown(),
      sealed: () => this.onSealed(),
      problem: (text) => this.onProblem(text),
    });
    // Tests and the console read what the browser holds.
    Object.assign(root, { logBuffer: this.log });
    this.source.start();
    addEventListener("hashchange", this.onHash);
    this.setFollow(this.follow);
  }

  stop(): void {
    removeEventListener("hashchange", this.onHash);
    this.source.stop();
    this.undo();
  }

  // -- frame

  private build(): void {
    const name = this.root.dataset["name"] ?? "log.txt";
    const title = this.root.dataset["title"];
    this.scroller.append(this.canvas);
    const head = h(
      "div",
      { class: "log-head" },
      h("span", { class: "log-title" }, title ? h("strong", {}, title) : null, h("span", { class: "mono" }, name)),
      h("span", { class: "log-tools" }, this.searchBox(), this.levelBox(), this.followButton, this.wrapButton(), this.copyButton(), this.downloadLink(name)),
    );
    this.root.classList.add("logview");
    this.root.replaceChildren(head, this.scroller, this.state);
    this.state.textContent = "Loading the log…";
    this.scroller.addEventListener("scroll", () => this.onScroll(), { passive: true });
    this.scroller.addEventListener("click", (event) => this.onLineClick(event));
    this.root.addEventListener("keydown", (event) => this.onKey(event));
  }

  private searchBox(): HTMLElement {
    const run = throttle(() => this.runSearch(), 120);
    this.search.addEventListener("input", run);
    const next = button("Next hit", icon("chevron-down"), "btn-icon", () => this.step(1));
    const previous = button("Previous hit", icon("chevron-up"), "btn-icon", () => this.step(-1));
    return h("span", { class: "log-search" }, icon("search"), this.search, this.found, previous, next);
  }

  private levelBox(): HTMLElement {
    const select = h("select", { "aria-label": "Level" });
    for (const name of Object.keys(LEVELS)) select.append(h("option", { value: name }, name === "all" ? "All levels" : name[0]!.toUpperCase() + name.slice(1)));
    select.addEventListener("change", () => {
      const wanted = LEVELS[select.value] ?? [];
      this.view.filter(wanted.length ? new Set(wanted) : null);
      this.redraw(true);
    });
    return select;
  }

  private wrapButton(): HTMLElement {
    const made = button("Wrap long lines", icon("text-wrap"), "btn-icon", () => {
      this.wrap = !this.wrap;
      made.setAttribute("aria-pressed", String(this.wrap));
      this.canvas.classList.toggle("is-wrapped", this.wrap);
      this.virtual.measure();
      this.redraw(true);
    });
    made.setAttribute("aria-pressed", "false");
    return made;
  }

  private copyButton(): HTMLElement {
    return button("Copy the lines shown", icon("copy"), "btn-icon", () => {
      const rows = Array.from({ length: this.view.count }, (_, row) => this.log.plain(this.view.at(row)));
      void copyText(rows.join("\n"));
    });
  }

  private downloadLink(name: string): HTMLElement | null {
    const url = this.root.dataset["download"];
    if (!url) return null;
    return h("a", { class: "btn-icon", href: url, download: name, "aria-label": "Download the log", title: "Download the log" }, icon("download"));
  }

  // -- lines

  private options(): ConstructorParameters<typeof Virtualizer<HTMLElement, HTMLElement>>[0] {
    return {
      count: this.view.count,
      getScrollElement: () => this.scroller,
      estimateSize: () => LINE,
      overscan: 12,
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      onChange: () => this.draw(),
    };
  }

  private redraw(fresh = false): void {
    if (fresh) this.forget();
    this.virtual.setOptions({ ...this.virtual.options, ...this.options() });
    this.virtual._willUpdate();
    this.draw();
  }

  private forget(): void {
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
  }

  private draw(): void {
    const items = this.virtual.getVirtualItems();
    const wanted = new Set(items.map((item) => item.index));
    for (const [row, element] of this.drawn) {
      if (wanted.has(row)) continue;
      element.remove();
      this.drawn.delete(row);
    }
    this.canvas.style.height = `${this.virtual.getTotalSize()}px`;
    for (const item of items) {
      let element = this.drawn.get(item.index);
      if (!element) {
        element = this.row(item.index);
        this.drawn.set(item.index, element);
        this.canvas.append(element);
        if (this.wrap) this.virtual.measureElement(element);
      }
      element.style.transform = `translateY(${item.start}px)`;
    }
  }

  private row(row: number): HTMLElement {
    const line = this.view.at(row);
    const number = String(line + 1);
    const link = h("a", { class: "log-number", href: `#L${number}`, "data-line": line, "aria-label": `Line ${number}`, tabindex: -1 }, number);
    const made = h("div", { class: "log-row", "data-index": row }, link, drawLine(this.log, line, this.view.query));
    if (line === this.target || line === this.view.hits[this.hit]) made.classList.add("is-current");
    return made;
  }

  // -- news

  private onGrown(): void {
    const before = this.view.count;
    const last = this.log.lines.length;
    this.view.grow();
    // The unfinished last line changes in place.
    for (const row of [before - 1, before]) this.drop(row);
    this.redraw();
    this.showFound();
    this.showState();
    if (this.target >= 0 && this.target < last && !this.root.dataset["jumped"]) {
      this.root.dataset["jumped"] = "1";
      this.reveal(this.target);
    } else if (this.view.query && this.hit < 0 && this.view.hits.length) {
      // Asked for while the log was still on its way.
      this.step(1);
    } else if (this.follow) this.toEnd();
  }

  private drop(row: number): void {
    this.drawn.get(row)?.remove();
    this.drawn.delete(row);
  }

  private onSealed(): void {
    this.root.dataset["sealed"] = "1";
    this.followButton.hidden = true;
    this.showState();
  }

  private onProblem(text: string | null): void {
    this.state.classList.toggle("is-error", text !== null);
    if (text) {
      this.state.hidden = false;
      this.state.textContent = `The log could not be read: ${text}`;
    } else this.showState();
  }

  private showState(): void {
    if (this.state.classList.contains("is-error")) return;
    const skipped = this.log.start;
    const empty = this.log.length === 0;
    this.state.hidden = !empty && !skipped;
    if (empty) this.state.textContent = this.source?.isSealed ? "This run wrote nothing to its log." : "Nothing logged yet. Lines appear here as the run writes them.";
    else if (skipped) this.state.textContent = `The first ${bytes(skipped)} are left out here, so lines are counted from there. Download the log to read all of it.`;
  }

  // -- following

  private setFollow(follow: boolean): void {
    this.follow = follow;
    this.followButton.setAttribute("aria-pressed", String(follow));
    this.followButton.lastChild!.textContent = follow ? "Following" : "Follow";
    if (follow) this.toEnd();
  }

  private toEnd(): void {
    if (this.view.count) this.virtual.scrollToIndex(this.view.count - 1, { align: "end" });
  }

  private lastTop = 0;

  private onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < LINE * 2;
    // Only the reader scrolls up: lines that arrive move the end away, not the place.
    if (this.follow && !atEnd && scrollTop < this.lastTop - 4) this.setFollow(false);
    else if (!this.follow && atEnd && scrollTop > this.lastTop && this.target < 0) this.setFollow(true);
    this.lastTop = scrollTop;
  }

  // -- search and links

  private runSearch(): void {
    this.view.search(this.search.value);
    this.hit = -1;
    this.forget();
    if (this.view.hits.length) this.step(1);
    else this.redraw();
    this.showFound();
  }

  private step(by: number): void {
    const { hits } = this.view;
    if (!hits.length) return;
    this.hit = (this.hit + by + hits.length) % hits.length;
    if (this.follow) this.setFollow(false);
    this.reveal(hits[this.hit]!);
    this.showFound();
  }

  private showFound(): void {
    const { hits, query } = this.view;
    const count = hits.length >= HIT_LIMIT ? `${grouped(HIT_LIMIT)}+` : grouped(hits.length);
    this.found.textContent = !query ? "" : !hits.length ? "0 lines" : `${grouped(this.hit + 1)} of ${count}`;
  }

  private reveal(line: number): void {
    this.forget();
    this.redraw();
    const row = this.view.rowOf(line);
    this.virtual.scrollToIndex(row, { align: "center" });
    this.lastTop = this.scroller.scrollTop;
  }

  private readonly onHash = (): void => {
    this.target = lineOfHash();
    if (this.target < 0 || this.target >= this.log.length) return;
    this.setFollow(false);
    this.reveal(this.target);
  };

  private onLineClick(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a.log-number") : null;
    if (!link) return;
    event.preventDefault();
    this.target = Number(link.dataset["line"]);
    history.replaceState(null, "", `#L${this.target + 1}`);
    this.setFollow(false);
    this.forget();
    this.redraw();
    announce(`Line ${this.target + 1} is now in the address of this page.`);
    toast(`The address of this page now points to line ${grouped(this.target + 1)}.`);
  }

  private onKey(event: KeyboardEvent): void {
    const inField = event.target === this.search;
    if (event.key === "Enter" && inField) {
      event.preventDefault();
      this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && inField) {
      this.search.value = "";
      this.runSearch();
      this.scroller.focus();
    } else if ((event.key === "/" && event.target === this.scroller) || (event.key === "f" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      this.search.select();
    } else if (event.key === "End" && event.target === this.scroller) this.setFollow(true);
  }
}

function lineOfHash(): number {
  const match = /^#L(\d+)$/.exec(location.hash);
  return match ? Number(match[1]) - 1 : -1;
}
