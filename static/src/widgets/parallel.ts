/** Runs as lines over parameters and metrics; a range on an axis keeps the runs in it, here and in the table below. */
import { button, h, icon, s } from "../ui/dom.ts";
import { configOf } from "./mount.ts";
import { kept, scaleOf, short, type Axis, type Range, type Scale } from "./parallelscale.ts";

interface Run {
  guid: string;
  title: string;
  name: string;
  url: string;
}

const HEIGHT = 320;
const TOP = 40;
const FOOT = 14;
const SIDE = 64;
const LEAST = 116;
const SHADES = 5;
const MANY = 100;

export function parallel(element: HTMLElement): (() => void) | void {
  const data = configOf<{ runs: Run[]; axes: Axis[] }>(element);
  if (!data) return;
  const made = new Parallel(element, data.runs, data.axes);
  return () => made.stop();
}

class Parallel {
  private readonly scales: Scale[];
  private readonly places: (number | null)[][];
  private readonly ranges = new Map<number, Range>();
  private readonly said = h("span", { role: "status" });
  private readonly clear = button("Show all", icon("x"), "btn btn-sm", () => this.reset());
  private readonly scroller = h("div", { class: "parallel-plot", tabindex: 0, role: "region", "aria-label": "Runs as lines" });
  private readonly lines: SVGPathElement[] = [];
  private readonly watch = new ResizeObserver(() => this.draw());
  private readonly rows = new Map<string, HTMLTableRowElement>();

  constructor(
    root: HTMLElement,
    private readonly runs: Run[],
    private readonly axes: Axis[],
  ) {
    this.scales = axes.map(scaleOf);
    this.places = axes.map((axis, i) => axis.values.map((value) => this.scales[i]!.at(value)));
    root.replaceChildren(h("div", { class: "parallel-head" }, this.said, this.clear), this.scroller);
    for (const box of document.querySelectorAll<HTMLInputElement>('tbody input[name="run"]')) {
      const row = box.closest("tr");
      if (row) this.rows.set(box.value, row);
    }
    runs.forEach((run, i) => {
      const row = this.rows.get(run.guid);
      row?.addEventListener("pointerenter", () => this.point(i, true));
      row?.addEventListener("pointerleave", () => this.point(i, false));
    });
    this.watch.observe(this.scroller);
  }

  stop(): void {
    this.watch.disconnect();
  }

  private x(axis: number): number {
    const width = Math.max(this.scroller.clientWidth, 2 * SIDE + LEAST * (this.axes.length - 1));
    return SIDE + ((width - 2 * SIDE) * axis) / (this.axes.length - 1);
  }

  private readonly y = (at: number): number => TOP + (1 - at) * (HEIGHT - TOP - FOOT);

  private draw(): void {
    const width = this.x(this.axes.length - 1) + SIDE;
    const plot = s("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": this.sentence() });
    this.lines.length = 0;
    // The best last, so that they lie on top.
    const last = this.axes.at(-1);
    const order = this.runs.map((_, i) => i).sort((a, b) => (last?.lower ? -1 : 1) * ((this.places.at(-1)?.[a] ?? -1) - (this.places.at(-1)?.[b] ?? -1)));
    const drawn = this.runs.map((run, i) => this.line(run, i));
    plot.append(...order.map((i) => drawn[i]!));
    this.scroller.classList.toggle("is-many", this.runs.length > MANY);
    this.axes.forEach((axis, i) => plot.append(this.axis(axis, i)));
    this.scroller.replaceChildren(plot);
    this.mark();
  }

  private sentence(): string {
    return `${this.runs.length} runs over ${this.axes.map((axis) => axis.name).join(", ")}. The table below has the same values.`;
  }

  private line(run: Run, number: number): SVGPathElement {
    let path = "";
    let isBroken = true;
    this.places.forEach((column, axis) => {
      const at = column[number] ?? null;
      if (at !== null) path += `${isBroken ? "M" : "L"}${this.x(axis).toFixed(1)} ${this.y(at).toFixed(1)}`;
      isBroken = at === null;
    });
    const last = this.axes.at(-1);
    const at = this.places.at(-1)?.[number] ?? null;
    const good = at === null || last?.of !== "metric" ? null : last.lower ? 1 - at : at;
    const shade = good === null ? "" : ` is-q${Math.min(SHADES - 1, Math.floor(good * SHADES))}`;
    const line = s("path", { d: path, class: `parallel-line${shade}` });
    line.append(s("title", {}, [`${run.title} (${run.name})`, ...this.axes.map((axis) => `${axis.name}: ${written(axis.values[number] ?? null)}`)].join("\n")));
    line.addEventListener("pointerenter", () => this.point(number, true));
    line.addEventListener("pointerleave", () => this.point(number, false));
    line.addEventListener("click", () => location.assign(run.url));
    this.lines.push(line);
    return line;
  }

  private axis(axis: Axis, number: number): SVGGElement {
    const x = this.x(number);
    const name = axis.name.length > 18 ? `${axis.name.slice(0, 17)}…` : axis.name;
    const range = s("rect", { class: "parallel-range", x: x - 8, width: 16, y: TOP, height: 0, rx: 3 });
    const grip = s("rect", { class: "parallel-grip", x: x - 14, y: TOP, width: 28, height: HEIGHT - TOP - FOOT });
    const group = s("g", { class: `parallel-axis is-${axis.of}`, "data-axis": number });
    group.append(
      s("text", { class: "parallel-name", x, y: 16, "text-anchor": "middle" }, name),
      s("title", {}, axis.of === "metric" ? `${axis.name}, ${axis.lower ? "lower" : "higher"} is better` : axis.name),
      s("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - FOOT }),
      ...this.scales[number]!.ticks.map((tick) => s("text", { class: "parallel-tick", x: x - 8, y: this.y(tick.at) + 4, "text-anchor": "end" }, tick.text.slice(0, 12))),
      range,
      grip,
    );
    this.brush(grip, number);
    return group;
  }

  private brush(grip: SVGRectElement, axis: number): void {
    const placed = (event: PointerEvent): number => {
      const box = grip.getBoundingClientRect();
      const at = 1 - (event.clientY - box.top) / box.height;
      // The ends hold the best and the worst, and a hand does not hit a pixel.
      return at > 0.97 ? 1 : at < 0.03 ? 0 : at;
    };
    grip.addEventListener("pointerdown", (event) => {
      const from = placed(event);
      grip.setPointerCapture(event.pointerId);
      const move = (to: PointerEvent): void => {
        const at = placed(to);
        this.ranges.set(axis, [Math.min(from, at), Math.max(from, at)]);
        this.mark();
      };
      const end = (to: PointerEvent): void => {
        grip.removeEventListener("pointermove", move);
        // A click without a drag takes the range away.
        if (Math.abs(placed(to) - from) < 0.02) this.ranges.delete(axis);
        this.mark();
      };
      grip.addEventListener("pointermove", move);
      grip.addEventListener("pointerup", end, { once: true });
    });
  }

  private reset(): void {
    this.ranges.clear();
    this.mark();
  }

  /** Draw the ranges, dim the lines outside and hide their rows. */
  private mark(): void {
    const inside = new Set(kept(this.places, this.ranges, this.runs.length));
    this.lines.forEach((line, i) => line.classList.toggle("is-out", !inside.has(i)));
    this.runs.forEach((run, i) => {
      const row = this.rows.get(run.guid);
      if (row) row.hidden = !inside.has(i);
    });
    for (const group of this.scroller.querySelectorAll<SVGGElement>(".parallel-axis")) {
      const range = this.ranges.get(Number(group.dataset["axis"]));
      const box = group.querySelector(".parallel-range");
      box?.setAttribute("y", String(range ? this.y(range[1]) : TOP));
      box?.setAttribute("height", String(range ? this.y(range[0]) - this.y(range[1]) : 0));
    }
    this.clear.hidden = !this.ranges.size;
    this.said.textContent = this.ranges.size ? `${inside.size} of ${this.runs.length} runs` : `${this.runs.length} runs`;
  }

  private point(run: number, isOn: boolean): void {
    const line = this.lines[run];
    line?.classList.toggle("is-pointed", isOn);
    this.rows.get(this.runs[run]!.guid)?.classList.toggle("is-pointed", isOn);
  }
}

function written(value: number | string | null): string {
  return value === null ? "not set" : typeof value === "number" ? short(value) : value;
}
