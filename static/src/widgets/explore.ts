/** `data-widget="explore"`: the rows of a table at once, its profile as it is worked out. */
import { h, icon } from "../ui/dom.ts";
import { columnBars } from "./columnbars.ts";
import { Grid } from "./grid.ts";
import { type Bar, COLUMNS, type GridColumn, ROWS, shownText, TileSource } from "./gridsource.ts";
import { getJson } from "./mount.ts";

export interface Column {
  name: string;
  type: string;
  missing: number;
  distinct: number | null;
  min?: unknown;
  max?: unknown;
  mean?: number | null;
  quantiles?: number[] | null;
  histogram?: Bar[] | null;
  top?: { value: unknown; count: number }[] | null;
}

interface Rows {
  rows: number;
  columns: number;
  data: unknown[][];
  schema: [string, string][] | null;
  notes: string[];
}

interface Profile {
  rows: number;
  columns: number;
  profile: Column[];
  guesses: { ids: string[]; target: string | null; why: string };
}

interface Correlations {
  pairs: [string, string, number][];
  rows: number;
}

const count = (value: number): string => value.toLocaleString("en-US");

export function explore(element: HTMLElement): () => void {
  const api = element.dataset["api"] ?? "";
  const file = encodeURIComponent(element.dataset["file"] ?? "");
  const ask = <T>(part: string, query = ""): Promise<T> => getJson<T>(`${api}/${part}?file=${file}${query}`);
  const rows = (start: number, tall: number, first: number, wide: number): Promise<Rows> =>
    ask<Rows>("rows", `&start=${start}&rows=${tall}&first=${first}&last=${first + wide}`);
  let grid: Grid | undefined;
  rows(0, ROWS, 0, COLUMNS)
    .then((read) => {
      const columns: GridColumn[] = (read.schema ?? []).map(([name, type]) => ({ name, type }));
      const source = new TileSource(columns, read.rows, async (...at) => (await rows(...at)).data);
      source.keep({ rows: read.data, firstRow: 0, firstColumn: 0 });
      const place = h("div", { class: "explore-grid" });
      element.replaceChildren(
        ...read.notes.map((text) => h("p", { class: "secondary mb-0" }, text)),
        card("Rows", `${count(read.rows)} rows × ${count(read.columns)} columns`, place),
      );
      grid = new Grid(place, source, { label: "Rows" });
      element.append(profiles(read.schema ?? [], (first, last) => ask<Profile>("profile", `&first=${first}&last=${last}`)));
      element.append(related(() => ask<Correlations>("correlations")));
    })
    .catch((error: unknown) => element.replaceChildren(trouble(error)));
  return () => grid?.stop();
}

function card(title: string, sub: string, ...body: Node[]): HTMLElement {
  return h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, title), h("span", { class: "sub" }, sub)), ...body);
}

function trouble(error: unknown): HTMLElement {
  const text = error instanceof Error ? error.message : String(error);
  return h("div", { class: "note note-error", role: "alert" }, icon("alert-triangle"), h("div", {}, h("p", {}, text)));
}

// The first statistics are there at once; later ones come in larger parts.
const PARTS = [4, 8, 16, 22];
const HEADS = ["Column", "Type", "Missing", "Distinct", "Spread", "Min", "5 %", "25 %", "Median", "75 %", "95 %", "Max", "Mean", "Most frequent"];
// So much of a frequent value keeps three of them on one line.
const BRIEF = 32;
const WORDS = new Set(["Column", "Type", "Spread", "Most frequent"]);

function profiles(schema: [string, string][], ask: (first: number, last: number) => Promise<Profile>): HTMLElement {
  const columns = schema.length;
  const body = h("tbody");
  const state = h("p", { class: "muted card-body mb-0", role: "status" }, "Working out the profile…");
  const more = h("button", { type: "button", class: "btn btn-sm" }, "More columns");
  const foot = h("div", { class: "card-foot" }, more);
  const head = h("tr", {}, ...HEADS.map((name) => h("th", { scope: "col", class: WORDS.has(name) ? null : "num" }, name)));
  const table = h("table", { class: "table", "aria-busy": "true" }, h("thead", {}, head), body);
  let done = 0;
  const next = async (): Promise<void> => {
    more.disabled = true;
    const until = Math.min(done + COLUMNS, columns);
    // Names and types are known already.
    const lines = schema.slice(done, until).map(([name, type]) => waiting(name, type));
    body.append(...lines);
    table.setAttribute("aria-busy", "true");
    try {
      for (let part = 0; done < until; part += 1) {
        const found = await ask(done, Math.min(done + PARTS[Math.min(part, PARTS.length - 1)]!, until));
        if (!found.profile.length) break;
        for (const column of found.profile) lines.shift()?.replaceWith(line(found)(column));
        done += found.profile.length;
      }
      const whole = columns <= COLUMNS ? await ask(0, columns) : undefined;
      if (whole) body.replaceChildren(...whole.profile.map(line(whole)));
      state.textContent = whole ? guessed(whole) : "";
      state.hidden = !state.textContent;
      foot.hidden = done >= columns;
      more.disabled = false;
    } catch (error) {
      state.hidden = false;
      state.replaceChildren(trouble(error));
    } finally {
      table.removeAttribute("aria-busy");
    }
  };
  more.addEventListener("click", () => void next());
  foot.hidden = columns <= COLUMNS;
  void next();
  return card("Columns", count(columns), state, h("div", { class: "table-wrap", tabindex: 0, role: "region", "aria-label": "Columns" }, table), foot);
}

function waiting(name: string, type: string): HTMLElement {
  const rest = HEADS.slice(2).map((head) => h("td", { class: WORDS.has(head) ? "muted" : "num muted" }, "…"));
  return h("tr", { "data-waiting": true }, h("th", { scope: "row" }, name), h("td", {}, type), ...rest);
}

export function guessed(found: Pick<Profile, "guesses">): string {
  const { ids, target, why } = found.guesses;
  const said = target ? [`${target} is likely the target, because ${why}.`] : [];
  if (ids.length) said.push(`${ids.join(", ")} ${ids.length > 1 ? "tell" : "tells"} rows apart.`);
  return said.join(" ");
}

const line = (found: Profile) => (column: Column): HTMLElement => {
  const number = (value: unknown): HTMLElement => h("td", { class: "num nowrap" }, value === null || value === undefined ? "–" : shownText(value));
  const quantiles = column.quantiles ?? [null, null, null, null, null];
  const missing = found.rows ? (100 * column.missing) / found.rows : 0;
  const tag = found.guesses.target === column.name ? "target" : found.guesses.ids.includes(column.name) ? "id" : "";
  const bars: readonly Bar[] = column.histogram ?? (column.top ?? []).map((each) => ({ count: each.count }));
  const top = (column.top ?? []).slice(0, 3).map((each) => `${brief(shownText(each.value)) || "blank"} (${count(each.count)})`);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, column.name, tag ? h("span", { class: "tag ms-1 nowrap" }, tag) : null),
    h("td", {}, column.type),
    h("td", { class: "num nowrap" }, column.missing ? `${count(column.missing)} (${missing.toFixed(1)} %)` : "0"),
    number(column.distinct === null ? null : column.distinct),
    h("td", {}, bars.length ? columnBars(bars) : "–"),
    number(column.min),
    ...quantiles.map(number),
    number(column.max),
    number(column.mean),
    h("td", { class: "secondary nowrap" }, top.join(", ") || "–"),
  );
};

const brief = (text: string): string => (text.length > BRIEF ? `${text.slice(0, BRIEF)}…` : text);

function related(ask: () => Promise<Correlations>): HTMLElement {
  const body = h("div", { class: "card-body" });
  const start = h("button", { type: "button", class: "btn" }, "Work out correlations");
  start.addEventListener("click", () => {
    start.disabled = true;
    ask()
      .then((found) => body.replaceChildren(pairs(found)))
      .catch((error: unknown) => body.replaceChildren(trouble(error)));
  });
  body.append(start);
  return card("Correlations", "of number columns", body);
}

function pairs(found: Correlations): HTMLElement {
  if (!found.pairs.length) return h("p", { class: "muted mb-0" }, "There are no two number columns that vary.");
  const rows = found.pairs.map(([a, b, value]) =>
    h("tr", {}, h("th", { scope: "row" }, a), h("td", {}, b), h("td", { class: "num" }, value.toFixed(3)), h("td", {}, h("meter", { min: 0, max: 1, value: Math.abs(value), "aria-label": `${a} and ${b}` }))),
  );
  const head = h("tr", {}, ...["Column", "And", "Pearson", "Strength"].map((name) => h("th", { scope: "col", class: name === "Pearson" ? "num" : null }, name)));
  return h(
    "div",
    {},
    h("p", { class: "secondary" }, `The strongest pairs in the first ${count(found.rows)} rows.`),
    h("table", { class: "table" }, h("thead", {}, head), h("tbody", {}, ...rows)),
  );
}
