/** Two evaluations side by side: metrics with their difference, both curves in one figure, one threshold. */
import type { EvaluatedRun, Evaluation, MetricsPreview } from "../data/answers.ts";
import { useAsked } from "../data/asking.ts";
import { Skeleton } from "../data/parts.tsx";
import { outputPath, type PortRun } from "../data/ports.ts";
import { words } from "../panel/values.ts";
import { useDesigner } from "../store/index.ts";
import { compareMetrics } from "./comparingmodels.ts";
import { Evaluated, isBetter, nameOf } from "./EvaluateView.tsx";
import { signed } from "./ModelDifferences.tsx";
import { metricText } from "./thresholds.ts";

interface Place {
  at: PortRun;
  preview: MetricsPreview;
}

export function EvaluationDifferences({ a, b }: { a: Place; b: Place }) {
  const [left, right] = [useEvaluation(a), useEvaluation(b)];
  if (!left || !right) return <Skeleton lines={4} />;
  const sided = (runs: readonly EvaluatedRun[], side: string): EvaluatedRun[] => runs.map((run, at) => ({ ...run, name: runs.length === 1 ? side : `${side} · ${nameOf(run, at, runs.length)}` }));
  return (
    <div className="k-evaluate" tabIndex={0} role="region" aria-label="Evaluations side by side">
      <MetricDifferences a={left} b={right} />
      <Evaluated runs={[...sided(left, "Left"), ...sided(right, "Right")]} hasMetrics={false} />
    </div>
  );
}

/** The curves of an evaluation; of other metrics, as those of a cross-validation, just the numbers. */
function useEvaluation({ at, preview }: Place): EvaluatedRun[] | null {
  const { api } = useDesigner();
  const { answer, error } = useAsked<Evaluation>(`evaluation ${at.run}:${at.port}`, (signal) => api.get<Evaluation>(outputPath(at, "evaluation"), signal));
  if (error) return (preview.rows ?? []).map((row) => ({ name: row.name ?? "", metrics: (row.metrics ?? {}) as EvaluatedRun["metrics"] }));
  return answer && answer.runs;
}

function MetricDifferences({ a, b }: { a: readonly EvaluatedRun[]; b: readonly EvaluatedRun[] }) {
  const named = (runs: readonly EvaluatedRun[]) => runs.map((run, at) => ({ ...run, name: nameOf(run, at, Math.max(a.length, b.length)) }));
  const pairs = compareMetrics(named(a), named(b));
  const hasModels = pairs.some((pair) => pair.model);
  return (
    <div className="table-wrap k-models-wrap" tabIndex={0} role="region" aria-label="Metrics side by side">
      <table className="table table-dense k-compare">
        <thead>
          <tr>
            {hasModels && <th scope="col">Model</th>}
            <th scope="col">Metric</th>
            <th scope="col" className="num"><span className="k-swatch" />Left</th>
            <th scope="col" className="num"><span className={`k-swatch k-swatch-${a.length}`} />Right</th>
            <th scope="col" className="num">Difference</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map(({ model, name, left, right, difference }) => {
            const better = left !== null && right !== null ? isBetter(name, right, left) : null;
            return (
              <tr key={`${model} ${name}`}>
                {hasModels && <td className="secondary">{model}</td>}
                <th scope="row">{words(name)}</th>
                <td className="num">{left === null ? "" : metricText(left)}</td>
                <td className="num">{right === null ? "" : metricText(right)}</td>
                <td className={`num ${better === null ? "" : better ? "good" : "bad"}`}>{difference === null ? "" : difference === 0 ? "same" : signed(difference)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
