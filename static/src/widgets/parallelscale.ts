/** Where values lie on the axes of a parallel plot: 0 at the foot, 1 at the top. */
export interface Axis {
  of: "param" | "metric";
  name: string;
  lower: boolean;
  kind: "number" | "word";
  values: (number | string | null)[];
}

export interface Scale {
  /** What is written beside the axis, with its place. */
  ticks: { text: string; at: number }[];
  at: (value: number | string | null) => number | null;
}

export type Range = [number, number];

const TICKS = 5;

export function scaleOf(axis: Axis): Scale {
  return axis.kind === "word" ? words(axis.values) : numbers(axis.values as (number | null)[]);
}

function words(values: (number | string | null)[]): Scale {
  const all = [...new Set(values.filter((value) => value !== null).map(String))].sort();
  const at = (word: string): number => (all.indexOf(word) + 0.5) / all.length;
  return { ticks: all.map((text) => ({ text, at: at(text) })), at: (value) => (value === null ? null : at(String(value))) };
}

function numbers(values: (number | null)[]): Scale {
  const known = values.filter((value): value is number => value !== null);
  const [low, high] = [known.reduce((a, b) => Math.min(a, b), Infinity), known.reduce((a, b) => Math.max(a, b), -Infinity)];
  // Learning rates and the like: several powers of ten need a logarithmic axis to be told apart.
  const isLog = low > 0 && high / low >= 1000;
  const map = isLog ? Math.log10 : (value: number): number => value;
  const span = map(high) - map(low) || 1;
  const at = (value: number): number => (map(value) - map(low)) / span;
  const ticks = Array.from({ length: TICKS }, (_, i) => {
    const place = i / (TICKS - 1);
    const value = map(low) + place * span;
    return { text: short(isLog ? 10 ** value : value), at: place };
  });
  return { ticks, at: (value) => (typeof value === "number" ? at(value) : null) };
}

export function short(value: number): string {
  const size = Math.abs(value);
  return size && (size >= 1e6 || size < 1e-3) ? value.toExponential(1) : Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 });
}

/** The numbers of the runs that lie in every range; a run without a value on a chosen axis is out. */
export function kept(places: (number | null)[][], ranges: Map<number, Range>, count: number): number[] {
  const inside = (run: number): boolean =>
    [...ranges].every(([axis, [low, high]]) => {
      const at = places[axis]?.[run] ?? null;
      return at !== null && at >= low && at <= high;
    });
  return Array.from({ length: count }, (_, run) => run).filter(inside);
}
