/** Everything that is wrong, by weight: a click goes to where it is. */
import type { Problem } from "../../graph/types.ts";
import { Empty, Icon } from "../data/parts.tsx";
import { useCatalogue, useCell, useDesigner, useNodes, useProblems, useRunNodes, type NodeError } from "../store/index.ts";
import { lineOf, openLine } from "./failures.ts";

const ORDER = { error: 0, warning: 1, info: 2 } as const;

export function ProblemsTab() {
  const designer = useDesigner();
  const { ui } = designer;
  const problems = [...useProblems()].sort((a, b) => (ORDER[a.severity] ?? 1) - (ORDER[b.severity] ?? 1));
  const checked = useCell(designer.checked);
  const failures = [...useRunNodes()].filter(([, run]) => run.error && !run.stale);
  if (!problems.length && !failures.length) {
    return (
      <Empty icon="circle-check-filled" title={checked ? "No problems" : "Looking at the draft…"}>
        <p>{checked ? "Every input that is needed is connected and every parameter fits. Ready to submit." : "The studio checks each change as you make it."}</p>
      </Empty>
    );
  }
  return (
    <ul className="k-problems" aria-label="Problems">
      {failures.map(([id, run]) => (
        <Failure key={id} node={id} error={run.error!} onLog={() => openLog(id, run.error!)} />
      ))}
      {problems.map((problem, at) => (
        <Row key={`${problem.code}:${problem.node}:${at}`} problem={problem} />
      ))}
    </ul>
  );
  function openLog(node: string, error: NodeError): void {
    // A log that is not open yet reads the address when it opens, and one that is hears of it.
    const line = lineOf(error);
    if (line !== null) openLine(line);
    ui.select([node]);
    ui.openDock("logs");
  }
}

function Row({ problem }: { problem: Problem }) {
  const { ui } = useDesigner();
  const field = problem.param ?? problem.port ?? null;
  return (
    <li>
      <button type="button" className={`k-problem is-${problem.severity}`} onClick={() => (problem.node ? ui.focusNode(problem.node, field) : ui.select([]))}>
        <Icon icon={problem.severity === "info" ? "info-circle" : "alert-triangle"} />
        <span className="k-problem-text">
          <span>{problem.message}</span>
          {problem.hint && <span className="secondary">{problem.hint}</span>}
        </span>
        <Place node={problem.node} field={field} />
      </button>
    </li>
  );
}

function Failure({ node, error, onLog }: { node: string; error: NodeError; onLog: () => void }) {
  const { ui } = useDesigner();
  return (
    <li className="k-failure">
      <button type="button" className="k-problem is-error" onClick={() => ui.focusNode(node, error.where ?? "")}>
        <Icon icon="circle-x-filled" />
        <span className="k-problem-text">
          <span>{error.message}</span>
          {error.hint && <span className="secondary">{error.hint}</span>}
        </span>
        <Place node={node} field={null} />
      </button>
      <button type="button" className="btn btn-sm" onClick={onLog}>
        {lineOf(error) === null ? "Open log" : `Open log at line ${lineOf(error)}`}
      </button>
      <button type="button" className="btn btn-sm" onClick={() => ui.openPlan("from", [node])}>
        Retry from here
      </button>
    </li>
  );
}

function Place({ node, field }: { node: string | null | undefined; field: string | null }) {
  const found = useNodes().get(node ?? "");
  const catalogue = useCatalogue();
  const component = found && catalogue?.of(found);
  const label = component?.params.find((param) => param.name === field)?.label ?? component?.inputs.find((port) => port.name === field)?.label ?? field;
  return <span className="k-problem-place">{found ? [catalogue?.titleOf(found) ?? found.id, label].filter(Boolean).join(" › ") : "Pipeline"}</span>;
}
