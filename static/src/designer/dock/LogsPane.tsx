/** Logs of the run that is shown: the selected step's, else the failed one's, else the whole pipeline's. */
import { useEffect, useState } from "react";
import { Empty, Icon, StatusIcon } from "../data/parts.tsx";
import { tried } from "../data/trying.ts";
import { useCatalogue, useCell, useDesigner, useNodes, useRun, useRunNodes, useSelection, type NodeRun } from "../store/index.ts";
import { LogOf } from "./LogOf.tsx";
import { lineOf, openLine } from "./failures.ts";

const WHOLE = "";

export default function LogsPane() {
  const { draft } = useDesigner();
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const head = useRun();
  const runs = useRunNodes();
  const sample = useCell(tried);
  const selected = [...useSelection()].find((id) => runs.get(id)?.run);
  const failed = [...runs].find(([, run]) => run.status === "Failed")?.[0];
  const [asked, setAsked] = useState<string | null>(null);
  useEffect(() => setAsked(null), [selected]);
  if (sample) {
    return (
      <div className="k-stack">
        <div className="k-bar">
          <Icon icon="flask" />
          <span>{draft.nameOf(sample.node)} on a sample of its inputs</span>
          <button type="button" className="p-link" onClick={() => tried.set(null)}>
            Back to the pipeline’s own
          </button>
        </div>
        <LogOf key={sample.run} run={sample.run} title={draft.nameOf(sample.node)} className="k-log" />
      </div>
    );
  }
  const chosen = asked ?? selected ?? failed ?? WHOLE;
  const guid = chosen === WHOLE ? head?.guid : runs.get(chosen)?.run;
  if (!head || !guid) {
    return (
      <Empty icon="terminal-2" title="No log yet">
        <p>Submit the pipeline; what its steps print appears here line by line.</p>
      </Empty>
    );
  }
  const logged = [...runs].filter(([id, run]) => run.run && nodes.has(id));
  const run = runs.get(chosen);
  return (
    <div className="k-stack k-logs">
      <div className="k-bar">
        <label className="k-inline">
          Log of
          <select className="form-select w-auto" value={chosen} onChange={(event) => setAsked(event.target.value)}>
            <option value={WHOLE}>the whole run</option>
            {logged.map(([id]) => (
              <option key={id} value={id}>
                {catalogue?.titleOf(nodes.get(id)!) ?? id}
              </option>
            ))}
          </select>
        </label>
        {run && <StatusIcon status={run.status} reused={run.reused} />}
        {run?.reused && <span className="secondary">Reused: this is the log of the run that made the result.</span>}
        {run && <FailedLine run={run} />}
      </div>
      <LogOf key={guid} run={guid} title={chosen === WHOLE ? "Pipeline" : draft.nameOf(chosen)} className="k-log" failed={run?.status === "Failed"} />
    </div>
  );
}

function FailedLine({ run }: { run: NodeRun }) {
  if (!run.error) return null;
  const line = lineOf(run.error);
  return (
    <>
      <span className="p-error truncate">{run.error.message}</span>
      {line !== null && (
        <button type="button" className="btn btn-sm" onClick={() => openLine(line)}>
          Open at line {line}
        </button>
      )}
    </>
  );
}
