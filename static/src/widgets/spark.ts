/** A line of numbers in 20 lines: inline SVG that takes the width it is given. */
import { s } from "../ui/dom.ts";

const WIDTH = 200;
const HEIGHT = 24;

/** The path through the points that are numbers, scaled to the box; empty for fewer than two. */
export function sparkPath(points: number[], width = WIDTH, height = HEIGHT, pad = 2): string {
  const finite = points.filter((value) => Number.isFinite(value));
  if (finite.length < 2) return "";
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low || 1;
  const step = width / (finite.length - 1);
  const at = (value: number): number => height - pad - ((value - low) / span) * (height - 2 * pad);
  return finite.map((value, i) => `${i ? "L" : "M"}${(i * step).toFixed(1)} ${at(value).toFixed(1)}`).join("");
}

export function spark(element: HTMLElement): () => void {
  const draw = (): void => {
    const points = (element.dataset["points"] ?? "").split(",").map(Number);
    const path = sparkPath(points);
    const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "spark-line", "aria-hidden": "true" });
    if (path) svg.append(s("path", { d: path }));
    element.replaceChildren(svg);
  };
  draw();
  const watch = new MutationObserver(draw);
  watch.observe(element, { attributeFilter: ["data-points"] });
  return () => watch.disconnect();
}
