/** Two outputs side by side: two ports of a run, or one port in two runs. */
import { useEffect, useRef, useState } from "react";
import { grouped } from "../../ui/format.ts";
import type { Grid } from "../../widgets/grid.ts";
import { listOf, type Listed, type ModelPreview, type Preview, type TablePreview } from "../data/answers.ts";
import { useAsked } from "../data/asking.ts";
import { Empty, Note, Skeleton } from "../data/parts.tsx";
import { portRun, previewOf, type PortRun } from "../data/ports.ts";
import { useCatalogue, useDesigner, useNodes, useRun, useRunNodes, type PortRef, type RunAnswer, type StateAnswer } from "../store/index.ts";
import { Differences } from "./Differences.tsx";
import { EvaluationDifferences } from "./EvaluationDifferences.tsx";
import { ModelDifferences } from "./ModelDifferences.tsx";
import { TableView } from "./TableView.tsx";

interface Side {
  port: PortRef | null;
  /** The pipeline run; empty for the one that is shown. */
  run: string;
}

export default function CompareTab({ first }: { first: PortRef | null }) {
  const head = useRun();
  const [a, setA] = useState<Side>({ port: first, run: "" });
  const [b, setB] = useState<Side>({ port: first, run: "" });
  const [look, setLook] = useState<"changes" | "rows">("changes");
  const nodes = useNodes();
  const catalogue = useCatalogue();
  // Only tables have rows to lay side by side.
  const isTable = [a, b].every(({ port }) => {
    const node = port && nodes.get(port.node);
    const type = node && catalogue?.of(node)?.outputs.find((each) => each.name === port.port)?.type;
    return !type || !(type === "metrics" || type.includes("model") || type === "transform");
  });
  const atA = usePlace(a);
  const atB = usePlace(b);
  if (!head) {
    return (
      <Empty icon="arrows-diff" title="Nothing to compare yet">
        <p>After a run, put any two outputs side by side: two ports, or one port in two runs.</p>
      </Empty>
    );
  }
  return (
    <div className="k-stack">
      <div className="k-bar k-compare-bar">
        <SideChooser name="Left" side={a} onChange={setA} />
        <SideChooser name="Right" side={b} onChange={setB} />
        <div className="btn-group-tight p-end" role="group" aria-label="Show" hidden={!isTable}>
          <button type="button" className="btn btn-sm" aria-pressed={look === "changes"} onClick={() => setLook("changes")}>
            What differs
          </button>
          <button type="button" className="btn btn-sm" aria-pressed={look === "rows"} onClick={() => setLook("rows")}>
            Rows
          </button>
        </div>
      </div>
      <Both a={atA} b={atB} look={look} />
    </div>
  );
}

function SideChooser({ name, side, onChange }: { name: string; side: Side; onChange: (side: Side) => void }) {
  const { api, config } = useDesigner();
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const head = useRun();
  const { answer } = useAsked(`runs of ${config.guid} ${head?.guid}`, (signal) => api.get<Listed<RunAnswer & { name?: string; created?: string }>>(`runs?tag=officina.pipeline=${config.guid}&page_size=50&order=-created`, signal));
  const runs = answer ? listOf(answer) : [];
  const ports = [...nodes.values()].flatMap((node) => (catalogue?.of(node)?.outputs ?? []).map((port) => ({ value: `${node.id}:${port.name}`, label: `${catalogue?.titleOf(node)} · ${port.label || port.name}` })));
  const chosen = side.port ? `${side.port.node}:${side.port.port}` : "";
  return (
    <span className="k-side" role="group" aria-label={`${name} side`}>
      <span className="k-side-mark">{name}</span>
      <select
        className="form-select w-auto"
        aria-label={`${name}: output`}
        value={chosen}
        onChange={(event) => {
          const [node = "", port = ""] = event.target.value.split(":");
          onChange({ ...side, port: node ? { node, port } : null });
        }}
      >
        <option value="">Choose an output</option>
        {ports.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <select className="form-select w-auto" aria-label={`${name}: run`} value={side.run} onChange={(event) => onChange({ ...side, run: event.target.value })}>
        <option value="">{head?.number ? `Run ${head.number} (shown)` : "The run shown"}</option>
        {runs.flatMap((run, at) =>
          run.guid === head?.guid
            ? []
            : [
                <option key={run.guid} value={run.guid}>
                  {`Run ${runs.length - at} · ${run.name ?? run.guid.slice(0, 8)}`}
                </option>,
              ],
        )}
      </select>
    </span>
  );
}

/** The run of the step behind a side, in the run that is shown or in another one. */
function usePlace({ port, run }: Side): PortRun | null {
  const { api } = useDesigner();
  const nodes = useRunNodes();
  const { answer } = useAsked<StateAnswer>(run ? `state ${run}` : null, () => api.state(run));
  const child = port && (run ? answer?.nodes[port.node] : nodes.get(port.node));
  return port && child?.status === "Completed" ? portRun(child, port.port) : null;
}

function Both({ a, b, look }: { a: PortRun | null; b: PortRun | null; look: "changes" | "rows" }) {
  const { api } = useDesigner();
  const left = useAsked<Preview>(a && `${a.run}:${a.port}`, (signal) => previewOf(api, a!, signal));
  const right = useAsked<Preview>(b && `${b.run}:${b.port}`, (signal) => previewOf(api, b!, signal));
  if (!a || !b) return <Empty icon="arrows-diff" title={`Choose an output that has run for the ${a ? "right" : "left"} side`} />;
  const error = left.error ?? right.error;
  if (error) return <div className="k-pad"><Note kind="error" onAgain={() => (left.again(), right.again())}>{error}</Note></div>;
  if (!left.answer || !right.answer) return <Skeleton lines={4} />;
  if (a.run === b.run && a.port === b.port) return <Empty icon="arrows-diff" title="Both sides are the same output">Choose another output or another run on one of them.</Empty>;
  if (left.answer.kind === "metrics" && right.answer.kind === "metrics") return <EvaluationDifferences a={{ at: a, preview: left.answer }} b={{ at: b, preview: right.answer }} />;
  if (isModel(left.answer) && isModel(right.answer)) return <ModelDifferences a={left.answer} b={right.answer} />;
  if (left.answer.kind !== "table" || right.answer.kind !== "table") return <Empty icon="arrows-diff" title={`A ${left.answer.kind} and a ${right.answer.kind} cannot be laid side by side`}>Choose two tables, two models, or two evaluations.</Empty>;
  return look === "rows" ? <Rows a={a} b={b} left={left.answer} right={right.answer} /> : <Differences a={left.answer} b={right.answer} />;
}

const isModel = (answer: Preview): answer is ModelPreview => answer.kind === "model" || answer.kind === "transform";

/** Two grids that scroll together. */
function Rows({ a, b, left, right }: { a: PortRun; b: PortRun; left: TablePreview; right: TablePreview }) {
  const grids = useRef<(Grid | null)[]>([null, null]);
  const [ready, setReady] = useState(0);
  const keep = (side: 0 | 1) => (grid: Grid | null): void => {
    grids.current[side] = grid;
    if (grid) setReady((now) => now + 1);
  };
  useEffect(() => {
    const [one, other] = grids.current;
    if (!one || !other) return;
    let leader: HTMLElement | null = null;
    const follow = (from: HTMLElement, to: HTMLElement) => (): void => {
      if (leader && leader !== from) return;
      leader = from;
      to.scrollTop = from.scrollTop;
      to.scrollLeft = from.scrollLeft;
      requestAnimationFrame(() => (leader = null));
    };
    const [left, right] = [follow(one.view, other.view), follow(other.view, one.view)];
    one.view.addEventListener("scroll", left, { passive: true });
    other.view.addEventListener("scroll", right, { passive: true });
    return () => {
      one.view.removeEventListener("scroll", left);
      other.view.removeEventListener("scroll", right);
    };
  }, [ready]);
  return (
    <div className="k-beside">
      {([[a, left], [b, right]] as const).map(([at, table], side) => (
        <section key={`${at.run}:${at.port}:${side}`} aria-label={side ? "Right" : "Left"}>
          <p className="k-beside-head">
            {side ? "Right" : "Left"} <span className="secondary">{grouped(table.rows)} × {grouped(table.columns)}</span>
          </p>
          <TableView at={at} table={table} isSearching={false} onGrid={keep(side as 0 | 1)} />
        </section>
      ))}
    </div>
  );
}
