/** A module on the canvas: tile, name, one line of its settings, status, ports above and below. */
import type { NodeProps } from "@xyflow/react";
import { memo, useCallback, useMemo, useSyncExternalStore } from "react";
import { portLabel } from "../../graph/ports.ts";
import { summaryOf } from "../../graph/summary.ts";
import type { Catalogue } from "../../graph/catalogue.ts";
import type { GraphNode, Problem } from "../../graph/types.ts";
import { duration } from "../../ui/format.ts";
import { lookOf } from "../../ui/status.ts";
import { Icon, tileOf } from "../app/Icon.tsx";
import { useCatalogue, useDesigner, useHolder, useNodeProblems, useResting, useRunOverlay, useUi } from "../store/hooks.ts";
import type { NodeRun } from "../store/runs.ts";
import { Port } from "./Port.tsx";
import { RenameField } from "./RenameField.tsx";
import { NodeStatus, RunningLine } from "./Status.tsx";
import type { ModuleNode } from "./types.ts";

export const ModuleView = memo(function ModuleView({ id, data: { node, component }, selected }: NodeProps<ModuleNode>) {
  const catalogue = useCatalogue();
  const overlay = useUi("overlay");
  const held = useRunOverlay(id);
  const run = overlay === "run" ? held : undefined;
  const problems = useNodeProblems(id);
  const peer = useHolder(id);
  const rest = useResting(id);
  const { draft } = useDesigner();
  const left = rest && !node.disabled && !node.pinned ? `${rest.why === "disabled" ? "Skipped" : "Not needed"}: ${titleIn(catalogue, draft.node(rest.cause)) || rest.cause} is ${rest.why}` : "";
  const title = node.label || component?.title || node.component;
  const summary = useMemo(() => summaryOf(node, component, catalogue), [node, component, catalogue]);
  const tile = tileOf(component?.category ?? "", node.component);
  const error = problems.find((problem) => problem.severity === "error");
  const classes = ["d-node", selected && "is-selected", peer && "has-peer", left && "is-resting", ...stateClasses(node, run, error, problems, !component && catalogue), useHighlight(id)].filter(Boolean).join(" ");
  return (
    <div
      className={classes}
      role="group"
      aria-roledescription="module"
      aria-label={`${labelOf(title, summary, node, run, problems, catalogue)}${left && `, ${left}`}${selected ? ", selected" : ""}`}
      tabIndex={useRoving(id) ? 0 : -1}
      data-node={id}
      style={peer ? ({ "--peer": peer.user.color } as React.CSSProperties) : undefined}
    >
      {component?.inputs.map((port, index) => (
        <Port key={port.name} node={id} id={port.name} name={port.name} label={portLabel(port)} type={port.type} side="target" index={index} count={component.inputs.length} />
      ))}
      <span className={`d-tile tile-${tile.kind}`}>
        <Icon icon={tile.icon} />
      </span>
      <span className="d-node-text">
        <RenameField id={id} title={title} />
        <span className="truncate">{run && hasOwnLine(run) ? <RunningLine run={run} /> : left || lineOf(run, error, summary)}</span>
      </span>
      <NodeMarks node={node} problems={problems} run={run} />
      {run && <NodeStatus run={run} />}
      {run && lookOf(run.status).kind === "running" && <progress className="d-progress" max={1} {...(run.progress === null ? {} : { value: run.progress })} aria-hidden="true" />}
      {peer && (
        <span className="d-peer-tag" aria-hidden="true">
          {peer.user.name}
        </span>
      )}
      {component?.outputs.map((port, index) => (
        <Port key={port.name} node={id} id={port.name} name={port.name} label={portLabel(port)} type={port.type} side="source" index={index} count={component.outputs.length} />
      ))}
    </div>
  );
});

function NodeMarks({ node, problems, run }: { node: GraphNode; problems: readonly Problem[]; run: NodeRun | undefined }) {
  const worst = problems.find((problem) => problem.severity === "error") ?? problems.find((problem) => problem.severity === "warning");
  return (
    <span className="d-node-marks">
      {node.disabled && <Icon icon="ban" className="d-mark" />}
      {node.pinned && <Icon icon="pinned" className="d-mark is-pinned" />}
      {node.comment && <Icon icon="message-circle" className="d-mark" />}
      {worst && !(run && run.status === "Failed") && <Icon icon={worst.severity === "error" ? "alert-circle-filled" : "alert-triangle-filled"} className={`d-mark is-${worst.severity}`} />}
    </span>
  );
}

const titleIn = (catalogue: Catalogue | null, node: GraphNode | undefined): string => (node && catalogue?.titleOf(node)) ?? "";

const hasOwnLine = (run: NodeRun): boolean => run.status === "Running" && (Boolean(run.progress_text) || Boolean(run.progress) || run.expected !== undefined);

function lineOf(run: NodeRun | undefined, error: Problem | undefined, summary: string): string {
  if (run?.status === "Failed" && run.error) return run.error.message;
  return error && !run ? error.message : summary;
}

function stateClasses(node: GraphNode, run: NodeRun | undefined, error: Problem | undefined, problems: readonly Problem[], unknown: unknown): (string | false)[] {
  const kind = run ? lookOf(run.status, run.reused).kind : "";
  return [
    kind && `is-${kind}`,
    Boolean(run?.stale) && "is-stale",
    Boolean(node.disabled) && "is-disabled",
    Boolean(error) && "has-error",
    !error && problems.some((problem) => problem.severity === "warning") && "has-warning",
    Boolean(unknown) && "has-error",
  ];
}

function labelOf(title: string, summary: string, node: GraphNode, run: NodeRun | undefined, problems: readonly Problem[], catalogue: Catalogue | null): string {
  const category = catalogue?.of(node)?.category;
  const status = run ? `${lookOf(run.status, run.reused).word}${run.stale ? ", stale" : ""}${run.seconds ? `, ${duration(run.seconds)}` : ""}` : "";
  return [title, summary !== category && summary, status, node.disabled && "disabled", node.pinned && "pinned", ...problems.map((problem) => `${problem.severity}: ${problem.message}`)].filter(Boolean).join(", ");
}

function useHighlight(id: string): string {
  const { ui } = useDesigner();
  return useSyncExternalStore(ui.state.subscribe, () => {
    const { highlight, highlightKind } = ui.state.get();
    return highlight.has(id) ? `in-${highlightKind}` : "";
  });
}

/** One stop for Tab among all modules: the selected one, else the first. */
function useRoving(id: string): boolean {
  const { ui, draft } = useDesigner();
  const read = useCallback(() => {
    const [first] = ui.selection.get();
    return (first !== undefined && draft.node(first) ? first : draft.snapshot.get().nodes.keys().next().value) === id;
  }, [ui, draft, id]);
  return useSyncExternalStore(ui.selection.subscribe, read);
}
