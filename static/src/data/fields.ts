/** Fields of a preparation step's form, drawn from its declaration. */
import { button, h, icon } from "../ui/dom.ts";
import { getJson } from "../widgets/mount.ts";
import { type FieldSpec, isShown, type Schema, type Step, type StepSpec } from "./steps.ts";

export interface FormWorld {
  /** The columns before the step. */
  columns: Schema;
  /** Where data assets are listed. */
  assets: string;
  readOnly: boolean;
  change: (name: string, value: unknown) => void;
  /** Draw the whole form anew: other fields may show. */
  redraw: () => void;
}

interface Pair {
  from: string;
  to: string;
}

interface Condition {
  column: string;
  operator: string;
  value?: string;
  other?: string;
}

export const OPERATORS: Record<string, string> = {
  is: "is", not: "is not", less: "is less than", most: "is at most", more: "is more than", least: "is at least", in: "is one of",
  contains: "contains", lacks: "does not contain", starts: "starts with", ends: "ends with", matches: "matches the pattern",
  missing: "is missing", present: "is not missing",
};
const COMPARED = new Set(["is", "not", "less", "most", "more", "least"]);
// Beyond this a list of choices is no help; names are typed, with suggestions.
const LISTED = 300;
let made = 0;

export function form(spec: StepSpec, step: Step, world: FormWorld): HTMLElement {
  const fields = spec.fields.filter((field) => isShown(field, step, spec)).map((field) => draw(field, step[field.name] ?? field.default, world));
  return h("div", { class: "prep-form" }, h("p", { class: "secondary" }, spec.doc), ...fields);
}

function draw(field: FieldSpec, value: unknown, world: FormWorld): HTMLElement {
  const id = `prep-${(made += 1)}-${field.name}`;
  const change = (next: unknown): void => world.change(field.name, next);
  switch (field.kind) {
    case "switch":
      return h("label", { class: "check field" }, checkbox(value === true, world, change), h("span", {}, field.label));
    case "choice":
      return labelled(field, id, select(id, Object.entries(field.choices ?? {}), String(value ?? ""), world, (next) => {
        change(next);
        world.redraw();
      }));
    case "column":
      return labelled(field, id, columnInput(id, String(value ?? ""), world, change, field.optional ?? false));
    case "columns":
      return columns(field, (value as string[] | undefined) ?? [], world, change);
    case "pairs":
      return pairs(field, (value as Pair[] | undefined) ?? [], world, change);
    case "conditions":
      return conditions(field, (value as Condition[] | undefined) ?? [], world, change);
    case "data":
      return data(field, id, (value as Record<string, string> | undefined) ?? {}, world, change);
    default:
      return labelled(field, id, input(id, field, value, world, change));
  }
}

function labelled(field: FieldSpec, id: string, control: HTMLElement): HTMLElement {
  const help = field.help ? h("p", { class: "field-help", id: `${id}-help` }, field.help) : null;
  if (help) control.setAttribute("aria-describedby", help.id);
  return h("div", { class: "field" }, h("label", { for: id }, field.label), control, help);
}

function group(field: FieldSpec, ...body: (Node | null)[]): HTMLElement {
  const help = field.help ? h("p", { class: "field-help" }, field.help) : null;
  return h("fieldset", { class: "field prep-group" }, h("legend", { class: "form-label" }, field.label), ...body, help);
}

function input(id: string, field: FieldSpec, value: unknown, world: FormWorld, change: (next: unknown) => void): HTMLInputElement {
  const isText = field.kind === "text";
  const made = h("input", { id, type: isText ? "text" : "number", min: field.min, max: field.max, step: field.kind === "number" ? "any" : null, autocomplete: "off", readonly: world.readOnly });
  made.value = String(value ?? "");
  made.addEventListener("input", () => change(isText ? made.value : made.value === "" ? null : Number(made.value)));
  return made;
}

function checkbox(on: boolean, world: FormWorld, change: (next: boolean) => void): HTMLInputElement {
  const made = h("input", { type: "checkbox", disabled: world.readOnly });
  made.checked = on;
  made.addEventListener("change", () => change(made.checked));
  return made;
}

function select(id: string, options: [string, string][], value: string, world: FormWorld, change: (next: string) => void, label = ""): HTMLSelectElement {
  const made = h("select", { id, class: "form-select", disabled: world.readOnly, "aria-label": label || null });
  made.append(...options.map(([name, word]) => h("option", { value: name, selected: name === value }, word)));
  made.addEventListener("change", () => change(made.value));
  return made;
}

function columnInput(id: string, value: string, world: FormWorld, change: (next: string) => void, optional = true, label = ""): HTMLElement {
  if (world.columns.length <= LISTED) {
    const known = world.columns.map(([name]): [string, string] => [name, name]);
    const gone: [string, string][] = value && !known.some(([name]) => name === value) ? [[value, `${value} (not there)`]] : [];
    return select(id, [["", optional ? "none" : "Choose a column"], ...gone, ...known], value, world, change, label);
  }
  const made = h("input", { id, class: "form-control", type: "text", autocomplete: "off", readonly: world.readOnly, "aria-label": label || null });
  made.value = value;
  const list = h("datalist", { id: `${id}-list` });
  made.setAttribute("list", list.id);
  made.addEventListener("input", () => {
    const near = world.columns.filter(([name]) => name.toLowerCase().includes(made.value.toLowerCase())).slice(0, 50);
    list.replaceChildren(...near.map(([name]) => h("option", { value: name })));
    change(made.value);
  });
  return h("div", {}, made, list);
}

const SHOWN = 200;

function columns(field: FieldSpec, chosen: string[], world: FormWorld, change: (next: string[]) => void): HTMLElement {
  const list = h("div", { class: "prep-columns", tabindex: 0, role: "group", "aria-label": field.label });
  const state = h("p", { class: "field-help" });
  let taken = chosen;
  const set = (next: string[]): void => {
    taken = next;
    change(next);
    say();
  };
  const say = (): void => {
    const many = taken.length || (field.optional ? "All" : "No");
    state.textContent = `${many} ${taken.length === 1 ? "column" : "columns"} chosen.`;
  };
  const show = (text: string): void => {
    const gone = taken.filter((name) => !world.columns.some(([known]) => known === name)).map((name): [string, string] => [name, "not there"]);
    const fit = [...gone, ...world.columns].filter(([name]) => name.toLowerCase().includes(text.toLowerCase()));
    const rows = fit.slice(0, SHOWN).map(([name, type]) => {
      const box = checkbox(taken.includes(name), world, (on) => set(on ? [...taken, name] : taken.filter((each) => each !== name)));
      return h("label", { class: "check" }, box, h("span", { class: "prep-name" }, name), h("span", { class: "secondary" }, type));
    });
    const more = fit.length > SHOWN ? h("p", { class: "field-help" }, `${fit.length - SHOWN} more: type to find them.`) : null;
    list.replaceChildren(...rows, ...(more ? [more] : []));
  };
  const find = h("input", { type: "search", class: "form-control", placeholder: "Find columns", "aria-label": `Find ${field.label.toLowerCase()}` });
  find.addEventListener("input", () => show(find.value));
  show("");
  say();
  return group(field, world.columns.length > 12 ? find : null, list, state);
}

function rowsOf<T>(field: FieldSpec, items: T[], empty: T, add: string, world: FormWorld, change: (next: T[]) => void, row: (item: T, put: (next: T) => void, at: number) => HTMLElement): HTMLElement {
  const shown = items.length ? items : [empty];
  const put = (at: number) => (next: T): void => {
    shown[at] = next;
    change([...shown]);
  };
  const rows = shown.map((item, at) => {
    const drop = button(`Remove ${add.replace("Add ", "")} ${at + 1}`, icon("x"), "btn btn-icon btn-sm", () => {
      change(shown.filter((_, other) => other !== at));
      world.redraw();
    });
    drop.disabled = world.readOnly || shown.length === 1;
    return h("div", { class: "prep-row" }, row(item, put(at), at), drop);
  });
  const more = button(add, icon("plus"), "btn btn-sm", () => {
    change([...shown, empty]);
    world.redraw();
  });
  more.disabled = world.readOnly;
  return group(field, ...rows, more);
}

function pairs(field: FieldSpec, items: Pair[], world: FormWorld, change: (next: Pair[]) => void): HTMLElement {
  return rowsOf(field, items, { from: "", to: "" }, "Add name", world, change, (item, put, at) => {
    let now = item;
    const old = columnInput(`prep-${(made += 1)}`, item.from, world, (from) => put((now = { ...now, from })), false, `Column ${at + 1}`);
    const name = h("input", { class: "form-control", type: "text", placeholder: "New name", "aria-label": `New name ${at + 1}`, autocomplete: "off", readonly: world.readOnly });
    name.value = item.to;
    name.addEventListener("input", () => put((now = { ...now, to: name.value })));
    return h("div", { class: "prep-cells" }, old, name);
  });
}

function conditions(field: FieldSpec, items: Condition[], world: FormWorld, change: (next: Condition[]) => void): HTMLElement {
  return rowsOf(field, items, { column: "", operator: "is", value: "" }, "Add condition", world, change, (item, put, at) => {
    let now = item;
    const number = at + 1;
    const id = `prep-${(made += 1)}`;
    const parts: HTMLElement[] = [
      columnInput(`${id}-c`, item.column, world, (column) => put((now = { ...now, column })), false, `Column of condition ${number}`),
      select(`${id}-o`, Object.entries(OPERATORS), item.operator, world, (operator) => {
        put((now = { ...now, operator }));
        world.redraw();
      }, `Operator of condition ${number}`),
    ];
    if (item.operator === "missing" || item.operator === "present") return h("div", { class: "prep-cells" }, ...parts);
    const isColumn = item.other !== undefined && COMPARED.has(item.operator);
    if (isColumn) parts.push(columnInput(`${id}-v`, item.other ?? "", world, (other) => put((now = { ...now, other })), false, `Second column of condition ${number}`));
    else {
      const value = h("input", { class: "form-control", type: "text", placeholder: item.operator === "in" ? "a, b, c" : "Value", "aria-label": `Value of condition ${number}`, autocomplete: "off", readonly: world.readOnly });
      value.value = item.value ?? "";
      value.addEventListener("input", () => put((now = { ...now, value: value.value })));
      parts.push(value);
    }
    if (COMPARED.has(item.operator)) {
      const box = checkbox(isColumn, world, (on) => {
        const { other: _, ...rest } = now;
        put((now = on ? { ...rest, other: "" } : rest));
        world.redraw();
      });
      parts.push(h("label", { class: "check" }, box, h("span", {}, "Compare with a column")));
    }
    return h("div", { class: "prep-cells" }, ...parts);
  });
}

interface AssetRow {
  name: string;
}

function data(field: FieldSpec, id: string, given: Record<string, string>, world: FormWorld, change: (next: unknown) => void): HTMLElement {
  const list = h("datalist", { id: `${id}-list` });
  const name = h("input", { id, type: "text", list: list.id, autocomplete: "off", readonly: world.readOnly, placeholder: "Its name" });
  const version = h("input", { id: `${id}-v`, type: "text", autocomplete: "off", readonly: world.readOnly, placeholder: "the newest" });
  name.value = given["name"] ?? "";
  version.value = given["version"] ?? "";
  const put = (): void => change({ name: name.value.trim(), version: version.value.trim() });
  const suggest = (): void => {
    const text = encodeURIComponent(name.value.trim());
    getJson<{ items: AssetRow[] }>(`${world.assets}?q=${text}&page_size=50`)
      .then((found) => list.replaceChildren(...found.items.map((row) => h("option", { value: row.name }))))
      .catch(() => undefined);
  };
  name.addEventListener("focus", suggest, { once: true });
  name.addEventListener("input", () => {
    suggest();
    put();
  });
  version.addEventListener("input", put);
  return h("div", {}, labelled(field, id, name), list, h("div", { class: "field" }, h("label", { for: version.id }, "Its version"), version));
}
