/** What a reader can do to a figure without the server: smooth it, read it as a table or CSV. */
import type { Figure, Trace } from "./plotly.ts";

/** Exponential smoothing, corrected for its start; gaps stay gaps. `weight` from 0 (none) to 0.99. */
export function smooth(values: readonly unknown[], weight: number): (number | null)[] {
  let sum = 0;
  let mass = 0;
  return values.map((value) => {
    if (typeof value !== "number" || !Number.isFinite(value)) return null;
    sum = sum * weight + (1 - weight) * value;
    mass = mass * weight + (1 - weight);
    return sum / mass;
  });
}

export const isCurve = (trace: Trace): boolean =>
  (trace.type ?? "scatter") === "scatter" && (trace.mode ?? "lines").includes("lines") && (trace.y?.length ?? 0) > 2;

/** Each curve as a faint line of its values with the smoothed line above it. */
export function smoothed(data: readonly Trace[], weight: number, colours: readonly string[]): Trace[] {
  if (!weight) return [...data];
  return data.flatMap((trace, at) => {
    if (!isCurve(trace)) return [trace];
    const colour = (trace.line?.["color"] as string | undefined) ?? colours[at % colours.length];
    const line = { ...trace.line, color: colour };
    const raw = { ...trace, mode: "lines", line: { ...line, width: 1 }, opacity: 0.3, hoverinfo: "skip", hovertemplate: null, showlegend: false };
    return [raw, { ...trace, mode: "lines", line, y: smooth(trace.y ?? [], weight) }];
  });
}

export interface Rows {
  head: string[];
  rows: unknown[][];
}

/** The figure's numbers as rows: one column for x, one for each trace; a matrix as itself. */
export function tableOf(figure: Figure): Rows {
  const matrix = figure.data.find((trace) => trace.z);
  if (matrix) {
    const names = (matrix.y ?? []).map(String);
    return {
      head: ["", ...(matrix.x ?? []).map(String)],
      rows: (matrix.z ?? []).map((row, at) => [names[at] ?? at, ...row]),
    };
  }
  const title = (figure.layout["xaxis"] as { title?: { text?: string } } | undefined)?.title?.text;
  const rows = new Map<unknown, unknown[]>();
  figure.data.forEach((trace, column) => {
    trace.x?.forEach((x, at) => {
      let row = rows.get(x);
      if (!row) rows.set(x, (row = [x, ...figure.data.map(() => "")]));
      row[column + 1] = trace.y?.[at] ?? "";
    });
  });
  const sorted = [...rows.values()];
  if (sorted.every((row) => typeof row[0] === "number")) sorted.sort((a, b) => (a[0] as number) - (b[0] as number));
  return { head: [title || "x", ...figure.data.map((trace, at) => trace.name || `series ${at + 1}`)], rows: sorted };
}

export function csvOf({ head, rows }: Rows): string {
  const cell = (value: unknown): string => {
    const text = String(value ?? "");
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}
