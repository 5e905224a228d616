/** A column's histogram: a few bars of inline SVG, told to screen readers in words. */
import { s } from "../ui/dom.ts";
import type { Bar } from "./gridsource.ts";

export interface BarBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The bars of a histogram in a box; none is thinner than can be seen, empty ones are left out. */
export function barBoxes(bars: readonly Bar[], width: number, height: number, gap = 1): BarBox[] {
  const most = Math.max(...bars.map((bar) => bar.count), 0);
  if (!most) return [];
  const wide = Math.max((width - gap * (bars.length - 1)) / bars.length, 1);
  return bars.flatMap((bar, at) => {
    if (!bar.count) return [];
    const tall = Math.max((bar.count / most) * height, 1.5);
    return [{ x: at * (wide + gap), y: height - tall, width: wide, height: tall }];
  });
}

export function columnBars(bars: readonly Bar[], width = 70, height = 16): SVGSVGElement {
  const made = s("svg", { class: "column-bars", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  for (const box of barBoxes(bars, width, height)) {
    made.append(s("rect", { x: box.x.toFixed(2), y: box.y.toFixed(2), width: box.width.toFixed(2), height: box.height.toFixed(2), rx: 1 }));
  }
  return made;
}
