/** Ctrl+K: pages of the menu at once, runs and assets from the server as one types. */
import { h, icon } from "./dom.ts";

export interface Line {
  label: string;
  url: string;
  group?: string;
  icon?: string;
  note?: string;
  /** What to do instead of going somewhere. */
  run?: () => void;
}

const offers = new Set<() => Line[]>();

/** Let the palette find more lines, asked for each time it opens; they come before the pages. */
export function offerLines(offer: () => Line[]): () => void {
  offers.add(offer);
  return () => offers.delete(offer);
}

/** Rank by where the words are found: start of the label, start of a word, anywhere; else not at all. */
export function rank(label: string, query: string): number {
  const text = label.toLowerCase();
  const wanted = query.trim().toLowerCase();
  if (!wanted) return 1;
  if (text.startsWith(wanted)) return 3;
  if (text.split(/[\s_\-/]+/).some((word) => word.startsWith(wanted))) return 2;
  return wanted.split(/\s+/).every((word) => text.includes(word)) ? 1 : 0;
}

export function best(lines: Line[], query: string, limit = 12): Line[] {
  return lines
    .map((line, order) => ({ line, order, score: rank(line.label, query) }))
    .filter((found) => found.score > 0)
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .slice(0, limit)
    .map((found) => found.line);
}

export function startPalette(): void {
  const dialog = document.getElementById("palette") as HTMLDialogElement | null;
  const data = document.getElementById("palette-data")?.textContent;
  if (!dialog || !data) return;
  const palette = new Palette(dialog, JSON.parse(data) as Line[]);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-palette-open]")) palette.open();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      palette.open();
    }
  });
}

class Palette {
  private readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private found: Line[] = [];
  private remote: Line[] = [];
  private offered: Line[] = [];
  private active = 0;
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly dialog: HTMLDialogElement,
    private readonly pages: Line[],
  ) {
    this.input = dialog.querySelector("input")!;
    this.list = dialog.querySelector("[role=listbox]")!;
    this.input.addEventListener("input", () => this.onInput());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
  }

  open(): void {
    if (this.dialog.open) return;
    this.input.value = "";
    this.remote = [];
    this.offered = [...offers].flatMap((offer) => offer());
    this.dialog.showModal();
    this.input.focus();
    this.onInput();
  }

  private onInput(): void {
    this.show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), 120);
  }

  private async ask(): Promise<void> {
    const ticket = ++this.asked;
    const query = this.input.value.trim();
    try {
      const answer = await fetch(`${this.dialog.dataset["url"]}?q=${encodeURIComponent(query)}`, {
        headers: { Accept: "application/json" },
      });
      if (!answer.ok) return;
      const body = (await answer.json()) as { results?: Line[] };
      if (ticket !== this.asked) return;
      this.remote = body.results ?? [];
      this.show();
    } catch {
      // The pages of the menu are still found; the connection banner tells the rest.
    }
  }

  private show(): void {
    const query = this.input.value;
    const own = best(this.offered, query, query ? 10 : 6);
    this.found = [...own, ...best(this.pages, query, query ? 8 : 20), ...this.remote];
    this.active = Math.min(this.active, Math.max(this.found.length - 1, 0));
    if (!query) this.active = 0;
    this.list.replaceChildren(...this.found.map((line, at) => this.row(line, at)));
    if (!this.found.length) this.list.replaceChildren(h("li", { class: "palette-none" }, `Nothing is named “${query}”.`));
    this.mark();
  }

  private row(line: Line, at: number): HTMLElement {
    const glyph = line.icon ? icon(line.icon) : icon("player-play");
    const row = h(
      "li",
      { class: "menu-item", role: "option", id: `palette-${at}` },
      glyph,
      h("span", { class: "truncate" }, line.label),
      h("span", { class: "end" }, line.note ?? line.group ?? ""),
    );
    row.addEventListener("click", () => this.go(line));
    row.addEventListener("mousemove", () => {
      if (this.active !== at) {
        this.active = at;
        this.mark();
      }
    });
    return row;
  }

  private mark(): void {
    [...this.list.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === this.active)));
    this.list.children[this.active]?.scrollIntoView({ block: "nearest" });
    if (this.found.length) this.input.setAttribute("aria-activedescendant", `palette-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  private onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      this.active = (this.active + step + this.found.length) % this.found.length;
      this.mark();
      event.preventDefault();
    }
    const line = this.found[this.active];
    if (event.key !== "Enter" || !line) return;
    event.preventDefault(); // else the same press works on what the command has just opened
    this.go(line);
  }

  private go(line: Line): void {
    this.dialog.close();
    if (line.run) return line.run();
    location.assign(line.url);
  }
}
