/** The runs of this pipeline: lay one over the draft, compare, or make a draft of it. */
import { duration } from "../../ui/format.ts";
import { toast } from "../../ui/toast.ts";
import { listOf, type Listed } from "../data/answers.ts";
import { useAsked, wordsOf } from "../data/asking.ts";
import { Empty, Icon, Modal, Note, Pill, Skeleton, When } from "../data/parts.tsx";
import { useDesigner, useRun, type DraftAnswer, type RunAnswer } from "../store/index.ts";

interface Listing extends RunAnswer {
  name?: string;
  display_name?: string;
  created?: string;
  seconds?: number | null;
  owner?: string;
  experiment?: string;
}

export function RunsDialog({ onClose }: { onClose: () => void }) {
  const { api, config, ui, runs } = useDesigner();
  const head = useRun();
  const base = `/w/${encodeURIComponent(config.workspace)}`;
  const { answer, error, again } = useAsked(`runs ${head?.guid} ${head?.status}`, (signal) => api.get<Listed<Listing>>(`runs?tag=officina.pipeline=${config.guid}&page_size=100&order=-created`, signal));
  const listed = answer ? listOf(answer) : [];
  const show = (guid: string): void => {
    ui.set({ overlay: "run" });
    void runs.show(guid);
    onClose();
  };
  const clone = (guid: string): void => {
    api.post<DraftAnswer>("pipelines/from-run", { run: guid }).then(
      (made) => location.assign(`${base}/pipelines/${made.guid}/`),
      (problem: unknown) => toast(wordsOf(problem), "error"),
    );
  };
  return (
    <Modal title="Runs of this pipeline" wide onClose={onClose}>
      {error && <Note kind="error" onAgain={again}>{error}</Note>}
      {!answer && !error && <Skeleton lines={4} />}
      {answer && !listed.length && (
        <Empty icon="player-play" title="Not run yet">
          <button type="button" className="btn btn-sm" onClick={() => ui.openPlan("all")}>
            Submit…
          </button>
        </Empty>
      )}
      {listed.length > 0 && (
        <div className="table-wrap" tabIndex={0} role="region" aria-label="Runs">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Status</th>
                <th scope="col">Started</th>
                <th scope="col" className="num">
                  Time
                </th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {listed.map((run, at) => (
                <tr key={run.guid} aria-selected={run.guid === head?.guid}>
                  <th scope="row">
                    <a className="main-link" href={`${base}/runs/${run.guid}/`}>
                      {run.display_name || run.name || run.guid.slice(0, 8)}
                    </a>{" "}
                    <span className="secondary">Run {listed.length - at}</span>
                  </th>
                  <td>
                    <Pill status={run.status} />
                  </td>
                  <td>
                    <When at={run.created} />
                  </td>
                  <td className="num">{duration(run.seconds)}</td>
                  <td className="n-actions">
                    <button type="button" className="btn btn-sm" disabled={run.guid === head?.guid} onClick={() => show(run.guid)}>
                      <Icon icon="eye" />
                      {run.guid === head?.guid ? "Shown" : "Show on the canvas"}
                    </button>
                    <button type="button" className="btn btn-sm" disabled={!config.canWrite} onClick={() => clone(run.guid)}>
                      <Icon icon="copy" />
                      Clone to draft
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Modal>
  );
}
