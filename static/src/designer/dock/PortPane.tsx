/** What stands at an output port: a table, a model, an evaluation or files; or why there is nothing yet. */
import type { FilesPreview, Preview } from "../data/answers.ts";
import { bytes } from "../../ui/format.ts";
import { useAsked } from "../data/asking.ts";
import { Empty, Icon, Note, Skeleton } from "../data/parts.tsx";
import { outputPath, portRun, previewOf, type PortRun } from "../data/ports.ts";
import { tried } from "../data/trying.ts";
import { useCell, useColumns, useDesigner, useNode, useRunOverlay, type PortRef } from "../store/index.ts";
import { EvaluateView } from "./EvaluateView.tsx";
import { ModelView } from "./ModelView.tsx";
import { StatisticsView } from "./StatisticsView.tsx";
import { TableView } from "./TableView.tsx";

type View = "preview" | "statistics";

export default function PortPane({ port, view, isSearching }: { port: PortRef | null; view: View; isSearching: boolean }) {
  const sample = useCell(tried);
  if (sample?.port) {
    return (
      <div className="k-stack">
        <div className="k-bar">
          <Icon icon="flask" />
          <span>From a run on a sample of the inputs</span>
          <button type="button" className="p-link" onClick={() => tried.set(null)}>
            Back to the pipeline’s own
          </button>
        </div>
        <Answered key={sample.run} at={{ run: sample.run, port: sample.port }} view={view} isSearching={isSearching} />
      </div>
    );
  }
  if (!port) {
    return (
      <Empty icon="table" title="Select a step to see what it gives">
        <p>Tables are shown with type, missing values and a histogram of each column; models and evaluations with what they learned and how good they are.</p>
      </Empty>
    );
  }
  return <OfNode key={`${port.node}:${port.port}`} port={port} view={view} isSearching={isSearching} />;
}

function OfNode({ port, view, isSearching }: { port: PortRef; view: View; isSearching: boolean }) {
  const ran = useRunOverlay(port.node);
  const at = portRun(ran, port.port);
  if (!ran || !at || ran.status !== "Completed") return <NotYet port={port} status={ran?.status ?? ""} />;
  return (
    <div className="k-stack">
      {ran.stale && (
        <div className="k-bar is-warning">
          <Icon icon="alert-triangle" />
          <span>Edited since this ran: the next run may give something else.</span>
        </div>
      )}
      <Answered key={at.run} at={at} view={view} isSearching={isSearching} />
    </div>
  );
}

function Answered({ at, view, isSearching }: { at: PortRun; view: View; isSearching: boolean }) {
  const { api } = useDesigner();
  const { answer, error, again } = useAsked<Preview>(`${at.run}:${at.port}`, (signal) => previewOf(api, at, signal));
  if (error) return <div className="k-pad"><Note kind="error" onAgain={again}>{error}</Note></div>;
  if (!answer) return <Skeleton lines={4} />;
  if (answer.kind === "table") return view === "statistics" ? <StatisticsView at={at} table={answer} isSearching={isSearching} /> : <TableView at={at} table={answer} isSearching={isSearching} />;
  if (answer.kind === "metrics") return <EvaluateView at={at} preview={answer} />;
  if ("learner" in answer) return <ModelView model={answer} />;
  return <FilesView files={answer} at={at} />;
}

function NotYet({ port, status }: { port: PortRef; status: string }) {
  const { ui } = useDesigner();
  const node = useNode(port.node);
  const columns = useColumns(port.node, port.port);
  const isUnderWay = ["Queued", "Preparing", "Running", "Finalizing"].includes(status);
  const title = node?.disabled ? "This step is disabled" : status === "Failed" ? "This step failed" : isUnderWay ? "It is running; this fills when it is done" : "No data yet";
  return (
    <div className="k-notyet">
      <Empty icon={status === "Failed" ? "circle-x-filled" : isUnderWay ? "clock" : "table"} title={title}>
        {status === "Failed" ? (
          <button type="button" className="btn btn-sm" onClick={() => ui.openDock("logs")}>
            Open its log
          </button>
        ) : isUnderWay || node?.disabled ? null : (
          <button type="button" className="btn btn-sm" onClick={() => ui.openPlan("to", [port.node])}>
            <Icon icon="player-play" />
            Run to here
          </button>
        )}
      </Empty>
      {columns && columns.length > 0 && (
        <div className="k-expected">
          <h3>
            {columns.length} columns expected <span className="secondary">from what is upstream</span>
          </h3>
          <ul>
            {columns.slice(0, 300).map((column) => (
              <li key={column.name} className="tag" title={[column.type, column.role].filter(Boolean).join(" · ")}>
                {column.name}
                <span className="muted">{column.categorical ? "category" : column.type}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function FilesView({ files, at }: { files: FilesPreview; at: PortRun }) {
  const { api } = useDesigner();
  if (!files.files.length) return <Empty icon="folder" title="The folder is empty" />;
  return (
    <div className="table-wrap k-pad" tabIndex={0} role="region" aria-label="Files">
      <table className="table table-dense">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" className="num">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {files.files.map((file) => (
            <tr key={file.path}>
              <th scope="row">
                <a href={`${api.base}${outputPath(at, `files/${file.path.split("/").map(encodeURIComponent).join("/")}`)}`}>{file.path}</a>
              </th>
              <td className="num">{bytes(file.size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
