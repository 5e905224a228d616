/** A Plotly figure from the server, in the page's theme: live, smoothed, logarithmic, as PNG, CSV or table. */
import { button, h, icon, s, throttle, token } from "../ui/dom.ts";
import { csvOf, isCurve, smoothed, tableOf } from "./figure.ts";
import { configOf, getJson } from "./mount.ts";
import { colourway, loadPlotly, lookTemplate, type Figure, type PlotlyApi, type Trace } from "./plotly.ts";

const TABLE_ROWS = 500;
const LEGEND_MOST = 12;
const DASHES: Record<string, string> = { dot: "2 3", dash: "5 3", dashdot: "5 3 2 3", longdash: "7 3" };

/** `figure`: what to draw, where it is already here; else it is read from `data-config` or `data-url`. */
export function chart(element: HTMLElement, figure?: Figure): () => void {
  const made = new Chart(element, figure);
  return () => made.stop();
}

class Chart {
  private figure: Figure | null = null;
  private plotly: PlotlyApi | null = null;
  private readonly plot = h("div", { class: "chart-plot" });
  private readonly table = h("div", { class: "chart-table table-wrap", tabindex: 0, hidden: true });
  private readonly legend = h("div", { class: "chart-legend" });
  private readonly panel = h("div", { class: "menu-panel" });
  private readonly tools = h("details", { class: "menu chart-tools", hidden: true });
  private readonly note = h("div", { class: "chart-note muted", role: "status", hidden: true });
  private readonly hidden = new Set<string>();
  private readonly undo: (() => void)[] = [];
  private weight = 0;
  private isLog = false;
  private asking = false;
  private askAgain = false;
  private readonly redraw = throttle(() => void this.draw(), 60);

  constructor(
    private readonly root: HTMLElement,
    private readonly given?: Figure,
  ) {
    this.build();
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      void this.open();
    });
    seen.observe(root);
    this.undo.push(() => seen.disconnect());
  }

  stop(): void {
    for (const undo of this.undo) undo();
    this.plotly?.purge(this.plot);
  }

  private build(): void {
    const title = this.root.dataset["title"];
    const sub = this.root.dataset["sub"];
    const live = this.root.dataset["live"] !== undefined;
    const head = h(
      "div",
      { class: "card-head chart-head" },
      title ? h("h2", {}, title) : null,
      sub ? h("span", { class: "sub" }, sub) : null,
      live ? h("span", { class: "live-dot" }, "live") : null,
      h("span", { class: "end" }, this.legend, this.tools),
    );
    const height = Number(this.root.dataset["height"] ?? 260);
    this.plot.style.height = `${height}px`;
    this.table.style.maxHeight = `${height}px`;
    this.plot.append(h("div", { class: "skeleton chart-skeleton" }));
    this.plot.setAttribute("role", "img");
    this.plot.setAttribute("aria-label", `Chart${title ? `: ${title}` : ""}. Its menu shows the numbers as a table.`);
    this.root.replaceChildren(head, h("div", { class: "chart-body" }, this.plot, this.table, this.note));
  }

  private async open(): Promise<void> {
    try {
      const [plotly, figure] = await Promise.all([loadPlotly(), this.read()]);
      this.plotly = plotly;
      this.figure = figure;
      this.plot.replaceChildren();
      this.buildTools();
      await this.draw();
      this.listen();
    } catch (error) {
      this.plot.replaceChildren();
      this.say(`The chart could not be loaded. ${error instanceof Error ? error.message : ""}`);
    }
  }

  private async read(): Promise<Figure> {
    const given = this.given ?? configOf<Figure>(this.root);
    if (given) return given;
    return getJson<Figure>(this.root.dataset["url"] ?? "");
  }

  private listen(): void {
    const on = (target: EventTarget, name: string, work: (event: Event) => void): void => {
      target.addEventListener(name, work);
      this.undo.push(() => target.removeEventListener(name, work));
    };
    on(document, "theme-changed", () => this.redraw());
    if (this.root.dataset["live"] !== undefined && this.root.dataset["url"]) {
      on(document.body, "metric-changed", () => void this.refresh());
      on(document.body, "run-changed", () => void this.refresh());
    }
    const resized = new ResizeObserver(throttle(() => this.plot.offsetWidth && this.plotly?.Plots.resize(this.plot), 100));
    resized.observe(this.plot);
    this.undo.push(() => resized.disconnect());
    // A run of an experiment's chart opens at a click.
    const plot = this.plot as HTMLElement & { on?: (name: string, work: (event: { points: { customdata?: unknown }[] }) => void) => void };
    plot.on?.("plotly_click", ({ points }) => {
      const url = points[0]?.customdata;
      if (typeof url === "string" && url.startsWith("/")) location.assign(url);
    });
  }

  private async refresh(): Promise<void> {
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    this.asking = true;
    try {
      this.figure = await getJson<Figure>(this.root.dataset["url"] ?? "");
      this.redraw();
    } catch {
      // The next message tries again; what is drawn is still true.
    } finally {
      this.asking = false;
    }
    if (this.askAgain) {
      this.askAgain = false;
      setTimeout(() => void this.refresh(), 500);
    }
  }

  private say(text: string): void {
    this.note.hidden = !text;
    this.note.textContent = text;
  }

  // -- tools

  private buildTools(): void {
    const curves = this.figure?.data.some(isCurve) ?? false;
    const summary = h("summary", { class: "btn btn-icon btn-sm", "aria-label": "What to do with this chart", title: "Chart menu" }, icon("dots"));
    this.tools.append(summary, this.panel);
    this.tools.hidden = false;
    if (curves && this.root.dataset["smooth"] !== undefined) this.panel.append(this.smoothTool());
    if (curves || this.figure?.data.some((trace) => trace.type === "bar")) this.panel.append(this.logTool());
    const asTable = button("Table", icon("table"), "menu-item", () => {
      const open = this.table.hidden;
      asTable.setAttribute("aria-pressed", String(open));
      this.table.hidden = !open;
      this.plot.hidden = open;
      this.redraw();
    });
    asTable.setAttribute("aria-pressed", "false");
    this.panel.append(
      asTable,
      button("Download as PNG", icon("photo"), "menu-item", () => void this.savePng()),
      button("Download as CSV", icon("download"), "menu-item", () => this.saveCsv()),
    );
  }

  private smoothTool(): HTMLElement {
    const range = h("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: 0, "aria-label": "Smoothing" });
    range.addEventListener("input", () => {
      this.weight = Number(range.value);
      this.redraw();
    });
    return h("label", { class: "chart-smooth" }, icon("wave-sine"), "Smooth", range);
  }

  private logTool(): HTMLElement {
    const made = button("Logarithmic axis", icon("math-function"), "menu-item", () => {
      this.isLog = !this.isLog;
      made.setAttribute("aria-pressed", String(this.isLog));
      this.redraw();
    });
    made.setAttribute("aria-pressed", "false");
    return made;
  }

  private async savePng(): Promise<void> {
    await this.plotly?.downloadImage(this.plot, { format: "png", scale: 2, width: 1000, height: 560, filename: this.fileName() });
  }

  private saveCsv(): void {
    if (!this.figure) return;
    const url = URL.createObjectURL(new Blob([csvOf(tableOf(this.figure))], { type: "text/csv" }));
    h("a", { href: url, download: `${this.fileName()}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  private fileName(): string {
    return (this.root.dataset["title"] ?? "chart").replace(/[^\w.-]+/g, "_");
  }

  // -- drawing

  private async draw(): Promise<void> {
    if (!this.figure || !this.plotly) return;
    const colours = colourway();
    const { data } = this.figure;
    const empty = !data.some((trace) => (trace.x?.length ?? trace.y?.length ?? trace.z?.length ?? 0) > 0);
    this.say(empty ? "No points yet. They appear here as the run logs them." : "");
    this.drawLegend(data, colours);
    if (!this.table.hidden) return this.drawTable();
    const shown = smoothed(
      data.map((trace, at) => this.dressed(trace, colourOf(trace, at, colours))),
      this.weight,
      colours,
    );
    await this.plotly.react(this.plot, shown, this.layout(), { displayModeBar: false, responsive: false, doubleClick: "reset", locale: "en" });
  }

  private dressed(trace: Trace, colour: string): Trace {
    const isLine = (trace.type ?? "scatter") === "scatter";
    const made: Trace = { ...trace };
    if (this.hidden.has(nameOf(trace))) made.visible = false;
    if (isLine) made.line = { color: colour, width: 1.75, ...trace.line };
    if (isLine && trace["fill"]) made["fillcolor"] = soft(colour);
    if (isLine && String(trace.mode).includes("markers")) made["marker"] = { size: 5, color: colour, ...(trace["marker"] as object) };
    return made;
  }

  private layout(): object {
    const given = this.figure!.layout;
    const [x, y] = [given["xaxis"] as object | undefined, given["yaxis"] as object | undefined];
    return {
      ...given,
      template: lookTemplate(),
      xaxis: { ...x },
      yaxis: { ...y, ...(this.isLog ? { type: "log", range: undefined, autorange: true } : {}) },
      margin: { l: 44, r: 14, t: 8, b: 38 },
      showlegend: false,
      hovermode: (given["hovermode"] as string) ?? (this.figure!.data.some(isCurve) ? "x unified" : "closest"),
      autosize: true,
      // The same value keeps the reader's zoom when new points come.
      uirevision: this.isLog ? "log" : "linear",
    };
  }

  private drawLegend(data: Trace[], colours: string[]): void {
    const named = data.filter((trace) => trace.name && !trace.z && trace["showlegend"] !== false);
    if (named.length < 2 || named.length > LEGEND_MOST || this.figure?.layout["showlegend"] === false) return this.legend.replaceChildren();
    const key = JSON.stringify([named.map(nameOf), [...this.hidden], colours]);
    if (this.legend.dataset["key"] === key) return;
    this.legend.dataset["key"] = key;
    this.legend.replaceChildren(
      ...data.flatMap((trace, at) => (named.includes(trace) ? [this.legendButton(trace, colourOf(trace, at, colours))] : [])),
    );
  }

  private legendButton(trace: Trace, colour: string): HTMLElement {
    const dash = DASHES[String(trace.line?.["dash"] ?? "")];
    const stroke = (trace.line?.["color"] as string | undefined) ?? colour;
    const swatch = s("svg", { width: 14, height: 4, "aria-hidden": "true" }, s("line", { x1: 0, x2: 14, y1: 2, y2: 2, stroke, "stroke-width": 3, "stroke-dasharray": dash ?? null }));
    const name = nameOf(trace);
    const made = h("button", { type: "button", class: "chart-key", "aria-pressed": !this.hidden.has(name) ? "true" : "false" }, swatch, name);
    made.addEventListener("click", () => {
      if (!this.hidden.delete(name)) this.hidden.add(name);
      this.redraw();
    });
    return made;
  }

  private drawTable(): void {
    const { head, rows } = tableOf(this.figure!);
    const body = h("tbody");
    for (const row of rows.slice(0, TABLE_ROWS)) body.append(h("tr", {}, ...row.map((cell) => h("td", { class: "num" }, String(cell ?? "")))));
    const table = h("table", { class: "table table-dense" }, h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col", class: "num" }, name)))), body);
    this.table.replaceChildren(table);
    if (rows.length > TABLE_ROWS) this.say(`The first ${TABLE_ROWS} of ${rows.length} rows. The CSV has all of them.`);
  }
}

/** A dashed line is a reference (chance, the champion): grey, so that it does not compete. */
function colourOf(trace: Trace, at: number, colours: string[]): string {
  return trace.line?.["dash"] && !trace.line["color"] ? token("ink-3") : colours[at % colours.length]!;
}

const nameOf = (trace: Trace): string => trace.name ?? "";

/** The colour at 8 %: an area must not hide the grid. */
function soft(colour: string): string {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!hex) return colour;
  const [r, g, b] = hex.slice(1).map((part) => parseInt(part, 16));
  return `rgba(${r},${g},${b},0.08)`;
}
