/** The curves of an evaluation as figures of the chart widget. */
import type { Bar } from "../../widgets/gridsource.ts";
import type { Figure, Trace } from "../../widgets/plotly.ts";
import type { EvaluatedRun } from "../data/answers.ts";

export interface Curved {
  title: string;
  figure: Figure;
}

const axes = (x: string, y: string, yMost?: number): Figure["layout"] => ({
  xaxis: { title: { text: x }, range: [0, 1] },
  yaxis: { title: { text: y }, ...(yMost === undefined ? { rangemode: "tozero" } : { range: [0, yMost] }) },
  margin: { l: 44, r: 10, t: 6, b: 36 },
  // Which colour is which model stands in the table of metrics above.
  showlegend: false,
});

const dashed = (x: number[], y: number[], name: string): Trace => ({ type: "scatter", mode: "lines", x, y, name, hoverinfo: "skip", line: { dash: "dot", width: 1 } });
const line = (x: number[], y: number[], name: string): Trace => ({ type: "scatter", mode: "lines", x, y, name });

export function curvesOf(runs: readonly EvaluatedRun[]): Curved[] {
  const found: Curved[] = [];
  const roc = runs.flatMap((run) => (run.roc ? [line(run.roc.fpr, run.roc.tpr, named(run, "AUC"))] : []));
  if (roc.length) found.push({ title: "ROC", figure: { data: [...roc, dashed([0, 1], [0, 1], "chance")], layout: axes("False positive rate", "True positive rate", 1.02) } });
  const pr = runs.flatMap((run) => (run.pr ? [line(run.pr.recall, run.pr.precision, named(run, "Average_Precision"))] : []));
  if (pr.length) found.push({ title: "Precision-recall", figure: { data: pr, layout: axes("Recall", "Precision", 1.02) } });
  const lift = runs.flatMap((run) => (run.lift ? [line(run.lift.depth, run.lift.lift, run.name)] : []));
  if (lift.length) found.push({ title: "Lift", figure: { data: [...lift, dashed([0, 1], [1, 1], "chance")], layout: axes("Share of rows, best scores first", "Lift") } });
  const errors = runs.map(histogram).filter((trace) => trace !== null);
  if (errors.length) found.push({ title: "Errors", figure: { data: errors, layout: { ...axes("Error", "Rows"), xaxis: { title: { text: "Error" } }, barmode: "overlay", bargap: 0.02 } } });
  return found;
}

function named(run: EvaluatedRun, metric: string): string {
  const value = run.metrics[metric];
  return typeof value === "number" ? `${run.name} (${value.toFixed(3)})` : run.name;
}

function histogram(run: EvaluatedRun): Trace | null {
  const given = run.error_histogram;
  if (!given) return null;
  const bars: Bar[] = Array.isArray(given) ? given : (given.counts ?? []).map((count, at) => ({ from: given.edges?.[at] ?? at, to: given.edges?.[at + 1] ?? at + 1, count }));
  const middle = (bar: Bar): number => (Number(bar.from) + Number(bar.to ?? bar.from)) / 2;
  return bars.length ? { type: "bar", x: bars.map(middle), y: bars.map((bar) => bar.count), name: run.name, opacity: 0.75 } : null;
}
