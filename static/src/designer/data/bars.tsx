/** Bars in SVG: a histogram that fills its box, and a list of values with a bar each. */
import { barBoxes } from "../../widgets/columnbars.ts";
import type { Bar } from "../../widgets/gridsource.ts";

export function Bars({ bars, width = 72, height = 18, className = "" }: { bars: readonly Bar[]; width?: number; height?: number; className?: string }) {
  return (
    <svg className={`column-bars ${className}`.trim()} viewBox={`0 0 ${width} ${height}`} width={width} height={height} preserveAspectRatio="none" aria-hidden="true">
      {barBoxes(bars, width, height).map((box) => (
        <rect key={box.x} x={box.x} y={box.y} width={box.width} height={box.height} />
      ))}
    </svg>
  );
}

export interface Measure {
  name: string;
  value: number;
  text: string;
  /** What is told beside the name, the class for example. */
  note?: string | undefined;
}

/** Values as horizontal bars from a common zero; negative ones to its left in another colour. */
export function Measures({ label, items }: { label: string; items: readonly Measure[] }) {
  const most = Math.max(...items.map((item) => Math.abs(item.value)), 0) || 1;
  const signed = items.some((item) => item.value < 0);
  const zero = signed ? 50 : 0;
  const span = signed ? 50 : 100;
  return (
    <ul className="k-measures" aria-label={label}>
      {items.map((item, at) => {
        const wide = (Math.abs(item.value) / most) * span;
        return (
          <li key={at}>
            <span className="truncate" title={item.name}>
              {item.name}
              {item.note && <span className="muted"> {item.note}</span>}
            </span>
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <line x1={zero} x2={zero} y1="0" y2="10" />
              <rect className={item.value < 0 ? "is-negative" : ""} x={item.value < 0 ? zero - wide : zero} y="1.5" width={wide} height="7" rx="0.6" />
            </svg>
            <span className="num">{item.text}</span>
          </li>
        );
      })}
    </ul>
  );
}
