/** How good scores are: metrics, curves and a threshold with its live confusion matrix, one or two models. */
import { useState } from "react";
import type { EvaluatedRun, Evaluation, MetricsPreview } from "../data/answers.ts";
import { useAsked } from "../data/asking.ts";
import { Note, Skeleton } from "../data/parts.tsx";
import { outputPath, type PortRun } from "../data/ports.ts";
import { useDesigner } from "../store/index.ts";
import { words } from "../panel/values.ts";
import { Confusion } from "./Confusion.tsx";
import { Curve } from "./Curve.tsx";
import { curvesOf } from "./figures.ts";
import { bestThreshold, countsAt, metricsAt, metricText } from "./thresholds.ts";

export function EvaluateView({ at, preview }: { at: PortRun; preview: MetricsPreview }) {
  const { api } = useDesigner();
  const { answer, error, again } = useAsked<Evaluation>(`evaluation ${at.run}:${at.port}`, (signal) => api.get<Evaluation>(outputPath(at, "evaluation"), signal));
  if (error) return preview.rows?.length ? <Metrics runs={preview.rows.map((row) => ({ name: row.name ?? "", metrics: (row.metrics ?? {}) as EvaluatedRun["metrics"] }))} /> : <Note kind="error" onAgain={again}>{error}</Note>;
  if (!answer) return <Skeleton lines={4} />;
  const runs = answer.runs.map((run, index) => ({ ...run, name: nameOf(run, index, answer.runs.length) }));
  return (
    <div className="k-evaluate" tabIndex={0} role="region" aria-label="Evaluation">
      <Evaluated runs={runs} />
    </div>
  );
}

/** What was measured of these models, in the same figures. */
export function Evaluated({ runs, hasMetrics = true }: { runs: readonly EvaluatedRun[]; hasMetrics?: boolean }) {
  const hasThreshold = runs.some((run) => run.thresholds?.length);
  const figures = curvesOf(runs);
  return (
    <>
      {hasMetrics && <Metrics runs={runs} />}
      {hasThreshold && <Threshold runs={runs} />}
      {figures.length > 0 && (
        <div className="k-curves">
          {figures.map((figure) => (
            <Curve key={figure.title} {...figure} />
          ))}
        </div>
      )}
      {!hasThreshold && runs.some((run) => run.confusion) && (
        <div className="k-matrices">
          {runs.map((run) => run.confusion && <Confusion key={run.name} title={run.name} labels={run.confusion.labels} matrix={run.confusion.matrix} />)}
        </div>
      )}
    </>
  );
}

export const nameOf = (run: EvaluatedRun, index: number, count: number): string => (count === 1 ? "Model" : run.name === "scored" ? "Left model" : run.name === "scored_to_compare" ? "Right model" : run.name || `Model ${index + 1}`);

/** Which way a metric is better; nothing for those that have none. */
export function isBetter(name: string, value: number, other: number): boolean | null {
  if (value === other) return null;
  const wantsLess = /error|loss|MAE|MSE|RMSE|RAE|RSE|distance|inertia/i.test(name);
  return wantsLess ? value < other : value > other;
}

type Measured = Pick<EvaluatedRun, "name" | "metrics">;

/** One model: a card each. Several: a row each, the better value of two in green. */
function Metrics({ runs }: { runs: readonly Measured[] }) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))];
  if (runs.length > 1) return <Models runs={runs} names={names} />;
  return (
    <div className="k-metrics">
      {names.map((name) => (
        <div key={name} className="k-metric">
          <span className="kpi-label">{words(name)}</span>
          <span className="k-metric-value">{metricText(runs[0]?.metrics[name])}</span>
        </div>
      ))}
    </div>
  );
}

function Models({ runs, names }: { runs: readonly Measured[]; names: readonly string[] }) {
  return (
    <div className="table-wrap k-models-wrap" tabIndex={0} role="region" aria-label="Metrics of the models">
      <table className="table table-dense k-models">
        <thead>
          <tr>
            <th scope="col">Model</th>
            {names.map((name) => (
              <th key={name} scope="col" className="num">
                {words(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run, at) => (
            <tr key={run.name}>
              <th scope="row">
                <span className={`k-swatch k-swatch-${at}`} />
                {run.name}
              </th>
              {names.map((name) => {
                const [value, other] = [run.metrics[name], runs.length === 2 ? runs[1 - at]!.metrics[name] : null];
                const better = typeof value === "number" && typeof other === "number" && isBetter(name, value, other);
                return (
                  <td key={name} className={better ? "num is-better" : "num"}>
                    {metricText(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Threshold({ runs }: { runs: readonly EvaluatedRun[] }) {
  const [threshold, setThreshold] = useState(0.5);
  const first = runs.find((run) => run.thresholds?.length);
  const best = first?.thresholds ? bestThreshold(first.thresholds) : 0.5;
  return (
    <section className="k-threshold" aria-label="Threshold">
      <div className="k-threshold-line">
        <label htmlFor="k-threshold">Threshold</label>
        <input id="k-threshold" type="range" className="p-slider" min={0} max={1} step={0.01} value={threshold} ref={(input) => input?.style.setProperty("--filled", `${threshold * 100}%`)} onChange={(event) => setThreshold(Number(event.target.value))} />
        <output htmlFor="k-threshold">{threshold.toFixed(2)}</output>
        <button type="button" className="p-link" onClick={() => setThreshold(best)}>
          Best F1 at {best.toFixed(2)}
        </button>
        <button type="button" className="p-link" onClick={() => setThreshold(0.5)} disabled={threshold === 0.5}>
          0.50
        </button>
      </div>
      <div className="k-matrices">
        {runs.map((run) => {
          const counts = run.thresholds && countsAt(run.thresholds, threshold);
          if (!counts) return null;
          const labels = run.confusion?.labels ?? ["negative", "positive"];
          const at = metricsAt(counts);
          return (
            <div key={run.name} className="k-at">
              <Confusion title={runs.length > 1 ? run.name : `Positive: ${run.positive_class ?? labels[1] ?? "positive"}`} labels={labels.map(String)} matrix={[[counts.tn, counts.fp], [counts.fn, counts.tp]]} />
              <dl className="k-at-metrics">
                {Object.entries(at).flatMap(([name, value]) => [<dt key={name}>{name === "f1" ? "F1" : words(name)}</dt>, <dd key={`${name}=`}>{metricText(value)}</dd>])}
              </dl>
            </div>
          );
        })}
      </div>
    </section>
  );
}
