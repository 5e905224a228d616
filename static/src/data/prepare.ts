/** `data-widget="prepare"`: a list of steps, each tried on a sample as it is changed. */
import { announce, button, h, icon } from "../ui/dom.ts";
import { grouped } from "../ui/format.ts";
import { toast } from "../ui/toast.ts";
import { Grid } from "../widgets/grid.ts";
import { COLUMNS, type GridColumn, ROWS, TileSource } from "../widgets/gridsource.ts";
import { configOf, FetchError, problemOf } from "../widgets/mount.ts";
import { form } from "./fields.ts";
import { blank, History, moved, type Schema, type Step, type StepSpec, type Told, unfolded } from "./steps.ts";

interface Config {
  steps: StepSpec[];
  kept: { steps: Step[] } | null;
  saveReason: string;
  runReason: string;
  name: string;
}

interface Answer {
  rows: number;
  columns: number;
  said: { cut?: number; warned?: string[] };
  sample: { rows: number; whole: boolean };
  steps: Told[];
  schemas: (Schema | null)[];
  shown: number;
  table: { rows: number; columns: number; schema: Schema; data: unknown[][] };
}

interface State {
  steps: Step[];
  /** The step whose form and result are shown; -1 is the table itself. */
  at: number;
}

const SAMPLES: [string, string][] = [
  ["1000", "First 1,000 rows"],
  ["1000s", "1,000 rows from all over"],
  ["10000", "First 10,000 rows"],
  ["100000s", "Up to 100,000 rows from all over"],
];
const PATIENCE = 300;

export function prepare(element: HTMLElement): () => void {
  const page = new Prepare(element);
  return () => page.stop();
}

class Prepare {
  private readonly config: Config;
  private readonly history: History<State>;
  private readonly api: string;
  private readonly kept: string;
  private readonly list = h("ol", { class: "prep-steps", "aria-label": "Steps" });
  private readonly count = h("span", { class: "sub" });
  private readonly sub = h("span", { class: "sub", role: "status" }, "Reading the table…");
  private readonly place = h("div", { class: "prep-grid" });
  private readonly notes = h("div", { class: "prep-notes" });
  private readonly title = h("h2", {}, "Preview");
  private readonly undoButton = button("Undo", icon("arrow-back-up"), "btn btn-icon", () => this.travel("undo"));
  private readonly redoButton = button("Redo", icon("arrow-forward-up"), "btn btn-icon", () => this.travel("redo"));
  private readonly save = button("Save as pipeline", icon("schema"), "btn", () => this.ask("save"));
  private readonly run = button("Run now", icon("player-play"), "btn btn-primary", () => this.ask("run"));
  private readonly sample: HTMLSelectElement;
  private grid: Grid | undefined;
  private answer: Answer | undefined;
  private drawnColumns = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: AbortController | undefined;
  private dragged = -1;

  constructor(private readonly root: HTMLElement) {
    this.config = configOf<Config>(root)!;
    this.api = root.dataset["api"] ?? "";
    this.kept = `prepare:${this.api}:${root.dataset["file"] ?? ""}`;
    this.history = new History<State>(this.stored());
    this.sample = h("select", { class: "form-select w-auto", "aria-label": "Sample" }, ...SAMPLES.map(([value, word]) => h("option", { value }, word)));
    this.sample.addEventListener("change", () => void this.look());
    this.root.addEventListener("keydown", this.onKey);
    this.draw();
    this.render();
    void this.look();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.grid?.stop();
    this.root.removeEventListener("keydown", this.onKey);
  }

  private get state(): State {
    return this.history.now;
  }

  private stored(): State {
    try {
      const steps: unknown = JSON.parse(localStorage.getItem(this.kept) ?? "[]");
      if (Array.isArray(steps)) {
        const known = (steps as Step[]).filter((step) => this.spec(step) !== undefined);
        return { steps: known, at: known.length - 1 };
      }
    } catch {
      // what was kept is of no use
    }
    return { steps: [], at: -1 };
  }

  private keep(): void {
    try {
      localStorage.setItem(this.kept, JSON.stringify(this.state.steps));
    } catch {
      // a browser that keeps nothing: the steps last as long as the page
    }
  }

  private spec(step: Step): StepSpec | undefined {
    return this.config.steps.find((each) => each.op === step.op);
  }

  /** The frame, drawn once. */
  private draw(): void {
    const tools = h("div", { class: "toolbar mb-3" }, this.undoButton, this.redoButton, this.sample, this.kits(), h("span", { class: "end" }, this.save, this.run));
    const steps = h("section", { class: "card prep-side" }, h("div", { class: "card-head" }, h("h2", {}, "Steps"), this.count, h("span", { class: "end" }, this.menu())), this.list);
    const preview = h("section", { class: "card prep-main" }, h("div", { class: "card-head" }, this.title, this.sub), this.notes, this.place);
    this.root.replaceChildren(tools, h("div", { class: "prep" }, steps, preview));
    this.gate(this.save, this.config.saveReason);
    this.gate(this.run, this.config.runReason);
  }

  private gate(target: HTMLButtonElement, reason: string): void {
    if (!reason) return;
    target.disabled = true;
    target.title = reason;
  }

  /** A button for the steps that this very version was made by. */
  private kits(): HTMLElement | null {
    const kept = this.config.kept;
    if (!kept) return null;
    return button("Steps that made this version", icon("history"), "btn", () => {
      this.set({ steps: kept.steps, at: kept.steps.length - 1 });
    });
  }

  private menu(): HTMLElement {
    const groups = [...new Set(this.config.steps.map((spec) => spec.group))];
    const items = groups.flatMap((name) => [
      h("p", { class: "prep-group-name" }, name),
      ...this.config.steps
        .filter((spec) => spec.group === name)
        .map((spec) => {
          const item = h("button", { type: "button", class: "menu-item", title: spec.doc }, spec.title);
          item.addEventListener("click", () => this.add(spec));
          return item;
        }),
    ]);
    return h("details", { class: "menu prep-add" }, h("summary", { class: "btn btn-sm" }, icon("plus"), "Add step"), h("div", { class: "menu-panel" }, ...items));
  }

  private add(spec: StepSpec): void {
    const { steps, at } = this.state;
    const to = Math.max(at + 1, 0);
    this.set({ steps: [...steps.slice(0, to), blank(spec), ...steps.slice(to)], at: to });
    this.list.querySelector<HTMLElement>(".prep-form :is(input, select)")?.focus();
  }

  private set(next: State, key = ""): void {
    this.history.set(next, key);
    this.render();
    this.later();
  }

  private travel(way: "undo" | "redo"): void {
    this.history[way]();
    this.render();
    void this.look();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
    const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (isUndo && !isTyping) {
      event.preventDefault();
      this.travel(event.shiftKey ? "redo" : "undo");
    }
  };

  /** The list of steps with the form of the chosen one; the keyboard's place is kept. */
  private render(): void {
    const { steps, at } = this.state;
    const focus = this.focused();
    this.keep();
    this.undoButton.disabled = !this.history.canUndo;
    this.redoButton.disabled = !this.history.canRedo;
    this.count.textContent = String(steps.length);
    this.list.replaceChildren(this.source(at === -1), ...steps.map((step, index) => this.item(step, index)));
    this.tell();
    if (focus) this.list.querySelectorAll<HTMLElement>("button, input, select")[focus.place]?.focus();
  }

  private focused(): { place: number } | null {
    const place = [...this.list.querySelectorAll("button, input, select")].indexOf(document.activeElement as HTMLElement);
    return place < 0 ? null : { place };
  }

  private source(isShown: boolean): HTMLElement {
    const head = h("button", { type: "button", class: "prep-head", "aria-pressed": isShown ? "true" : "false" }, h("span", { class: "prep-title" }, "The table itself"), h("span", { class: "prep-size", "data-size": "-1" }));
    head.addEventListener("click", () => this.show(-1));
    return h("li", { class: isShown ? "prep-step is-shown" : "prep-step" }, h("div", { class: "prep-line" }, head));
  }

  private show(at: number): void {
    this.history.now = { ...this.state, at };
    this.render();
    void this.look();
  }

  private item(step: Step, index: number): HTMLElement {
    const spec = this.spec(step)!;
    const isShown = index === this.state.at;
    const head = h(
      "button",
      { type: "button", class: "prep-head", "aria-expanded": isShown ? "true" : "false" },
      h("span", { class: "prep-title" }, `${index + 1}. ${spec.title}`),
      h("span", { class: "prep-size", "data-size": String(index) }),
      h("span", { class: "prep-summary", "data-summary": String(index) }),
    );
    head.addEventListener("click", () => this.show(index));
    const problem = h("p", { class: "field-error", "data-problem": String(index), role: "alert", hidden: true });
    const body = isShown ? this.form(spec, step, index) : null;
    const classes = ["prep-step", isShown ? "is-shown" : "", step.disabled ? "is-off" : ""].join(" ");
    const made = h("li", { class: classes, draggable: "true" }, h("div", { class: "prep-line" }, head, this.tools(step, index, spec.title)), problem, body);
    made.addEventListener("dragstart", (event) => {
      this.dragged = index;
      event.dataTransfer?.setData("text/plain", String(index));
    });
    made.addEventListener("dragover", (event) => this.dragged >= 0 && event.preventDefault());
    made.addEventListener("drop", (event) => {
      event.preventDefault();
      if (this.dragged >= 0 && this.dragged !== index) this.move(this.dragged, index);
      this.dragged = -1;
    });
    return made;
  }

  private tools(step: Step, index: number, title: string): HTMLElement {
    const last = this.state.steps.length - 1;
    const up = button(`Move ${title} up`, icon("chevron-up"), "btn btn-icon btn-sm", () => this.move(index, index - 1));
    const down = button(`Move ${title} down`, icon("chevron-down"), "btn btn-icon btn-sm", () => this.move(index, index + 1));
    const off = button(step.disabled ? `Enable ${title}` : `Disable ${title}`, icon(step.disabled ? "eye-off" : "eye"), "btn btn-icon btn-sm", () => this.change(index, { disabled: !step.disabled }));
    const drop = button(`Remove ${title}`, icon("trash"), "btn btn-icon btn-sm", () => {
      const steps = this.state.steps.filter((_, at) => at !== index);
      this.set({ steps, at: Math.min(this.state.at, steps.length - 1) });
    });
    up.disabled = index === 0;
    down.disabled = index === last;
    return h("span", { class: "prep-tools" }, up, down, off, drop);
  }

  private move(from: number, to: number): void {
    this.set({ steps: moved(this.state.steps, from, to), at: to });
    announce(`Step ${from + 1} is step ${to + 1} now.`);
  }

  private change(index: number, values: Record<string, unknown>): void {
    const steps = this.state.steps.map((step, at) => (at === index ? { ...step, ...values } : step));
    this.set({ ...this.state, steps });
  }

  private form(spec: StepSpec, step: Step, index: number): HTMLElement {
    const columns = this.columnsBefore(index);
    this.drawnColumns = JSON.stringify(columns);
    return form(spec, step, {
      columns,
      assets: this.root.dataset["assets"] ?? "",
      readOnly: false,
      change: (name, value) => {
        const steps = this.state.steps.map((each, at) => (at === index ? { ...each, [name]: value } : each));
        // The form shows the change already; drawing it anew would take the cursor away.
        this.history.set({ ...this.state, steps }, `${index}.${name}`);
        this.keep();
        this.undoButton.disabled = false;
        this.redoButton.disabled = true;
        this.later();
      },
      redraw: () => this.render(),
    });
  }

  private columnsBefore(index: number): Schema {
    const known = unfolded(this.answer?.schemas ?? []);
    return known[Math.min(index, known.length - 1)] ?? [];
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), PATIENCE);
  }

  private body(more: Record<string, unknown> = {}): Record<string, unknown> {
    const sample = this.sample.value;
    return { steps: this.state.steps, file: this.root.dataset["file"] ?? "", rows: parseInt(sample, 10), spread: sample.endsWith("s"), ...more };
  }

  /** Ask for the result of the chosen step; a later question takes the place of one that is open. */
  private async look(): Promise<void> {
    clearTimeout(this.timer);
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const { at } = this.state;
    this.root.setAttribute("aria-busy", "true");
    try {
      const answer = await post<Answer>(`${this.api}/preparation`, this.body({ show: at, count: ROWS, last: COLUMNS }), asking.signal);
      this.answer = answer;
      if (JSON.stringify(this.columnsBefore(at)) !== this.drawnColumns && at >= 0) this.render();
      this.tell();
      this.showTable(answer);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.sub.textContent = "";
      this.notes.replaceChildren(trouble(error));
    } finally {
      if (this.asking === asking) this.root.removeAttribute("aria-busy");
    }
  }

  /** Sizes, summaries and faults beside the steps. */
  private tell(): void {
    const { answer } = this;
    if (!answer) return;
    const size = (rows?: number, columns?: number): string => (rows === undefined || columns === undefined ? "" : `${grouped(rows)} × ${grouped(columns)}`);
    for (const place of this.list.querySelectorAll<HTMLElement>("[data-size]")) {
      const index = Number(place.dataset["size"]);
      const told = answer.steps[index];
      place.textContent = index < 0 ? size(answer.sample.rows, answer.columns) : this.state.steps[index]?.disabled ? "off" : size(told?.rows, told?.columns);
    }
    for (const place of this.list.querySelectorAll<HTMLElement>("[data-summary]")) place.textContent = answer.steps[Number(place.dataset["summary"])]?.summary ?? "";
    for (const place of this.list.querySelectorAll<HTMLElement>("[data-problem]")) {
      const error = answer.steps[Number(place.dataset["problem"])]?.error;
      place.hidden = !error;
      const text = error ? `${error.message.replace(/^Error \d+: /, "")} ${error.hint}`.trim() : "";
      if (place.textContent !== text) place.textContent = text;
    }
  }

  private showTable(answer: Answer): void {
    const failed = answer.steps.some((told) => told.error);
    const at = answer.shown;
    const name = at < 0 ? "The table itself" : `After step ${at + 1}`;
    this.title.textContent = name;
    const sample = answer.sample.whole ? "the whole table" : `a sample of ${grouped(answer.sample.rows)} of ${grouped(answer.rows)} rows`;
    this.sub.textContent = `${grouped(answer.table.rows)} rows × ${grouped(answer.table.columns)} columns, from ${sample}`;
    const notes = [...(answer.said.warned ?? []), ...answer.steps.flatMap((told) => told.notes)];
    if (answer.said.cut) notes.push(`The sample is of the first ${Math.round(answer.said.cut / 2 ** 20)} MiB; a run reads all of the file.`);
    if (failed && at < this.state.at) notes.push("A step is not filled in, or fails; this is the last table before it.");
    this.notes.replaceChildren(...notes.map((text) => h("p", { class: "secondary" }, text)));
    const before = at < 0 ? null : new Set((unfolded(answer.schemas)[at] ?? []).map(([column]) => column));
    const columns: GridColumn[] = answer.table.schema.map(([column, type]) => ({ name: column, type, note: before && !before.has(column) ? `${type} · new` : type }));
    const ask = async (start: number, count: number, first: number, wide: number): Promise<unknown[][]> =>
      (await post<Answer>(`${this.api}/preparation`, this.body({ show: at, start, count, first, last: first + wide }))).table.data;
    const source = new TileSource(columns, answer.table.rows, ask);
    source.keep({ rows: answer.table.data, firstRow: 0, firstColumn: 0 });
    this.grid?.stop();
    this.grid = new Grid(this.place, source, { label: name, footer: false });
  }

  private ask(what: "save" | "run"): void {
    const isRun = what === "run";
    const title = isRun ? "Run the steps on the whole table" : "Save the steps as a pipeline";
    const field = h("input", { id: "prep-name", type: "text", required: true, autocomplete: "off", value: isRun ? this.config.name : `Prepare ${this.config.name}`, pattern: isRun ? "[A-Za-z0-9][A-Za-z0-9._\\-]*" : null });
    const help = isRun ? "The result is the next version of this data asset; a new name makes a new one." : "A draft of the designer, with a module for each step that is not disabled.";
    const problem = h("div", {});
    const go = h("button", { class: "btn btn-primary" }, isRun ? "Run" : "Save");
    const close = button("Close", null, "btn", () => dialog.close());
    const inner = h(
      "form",
      {},
      h("div", { class: "dialog-head" }, h("h2", { id: "prep-dialog-title" }, title)),
      h("div", { class: "dialog-body" }, h("div", { class: "field" }, h("label", { for: "prep-name" }, isRun ? "Data asset" : "Pipeline"), field, h("p", { class: "field-help" }, help)), problem),
      h("div", { class: "dialog-foot" }, close, go),
    );
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "prep-dialog-title" }, inner);
    inner.addEventListener("submit", (event) => {
      event.preventDefault();
      go.disabled = true;
      const body = { steps: this.state.steps, file: this.root.dataset["file"] ?? "", name: field.value.trim() };
      post<{ url: string }>(`${this.api}/preparation/${isRun ? "run" : "pipeline"}`, body)
        .then((made) => location.assign(made.url))
        .catch((error: unknown) => {
          go.disabled = false;
          problem.replaceChildren(trouble(error));
        });
    });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    field.select();
    if (!this.state.steps.some((step) => !step.disabled)) toast("There is no step yet.", "warning");
  }
}

function trouble(error: unknown): HTMLElement {
  const text = error instanceof Error ? error.message : String(error);
  return h("div", { class: "note note-error", role: "alert" }, icon("alert-triangle"), h("div", {}, h("p", {}, text)));
}

async function post<T>(url: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf() };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal: signal ?? null });
  if (!answer.ok) throw new FetchError(answer.status, await problemOf(answer));
  return (await answer.json()) as T;
}

function csrf(): string {
  const given = document.body.getAttribute("hx-headers:inherited") ?? "{}";
  return (JSON.parse(given) as Record<string, string>)["X-CSRFToken"] ?? "";
}
