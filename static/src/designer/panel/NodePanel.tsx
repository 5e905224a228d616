/** One step: what it is, how it fared, its parameters, outputs, log and place in the graph. */
import { Suspense, useId, useState } from "react";
import { lazily } from "../app/lazily.ts";
import type { Component, GraphNode } from "../../graph/types.ts";
import { copyText } from "../../ui/shell.ts";
import { bytes, duration } from "../../ui/format.ts";
import { ended } from "../../ui/status.ts";
import { useAsked } from "../data/asking.ts";
import { Empty, Icon, Menu, MenuItem, Note, Pill, Skeleton, Tabs, Tile, type TabItem } from "../data/parts.tsx";
import { useCatalogue, useComponent, useDesigner, useNodeProblems, useRunOverlay, useSettings, useUi, useWritable, type NodeRun, type PanelTab } from "../store/index.ts";
import { leftOf, leftText, useElapsed } from "../canvas/Status.tsx";
import { LineageTab } from "./LineageTab.tsx";
import { OutputsTab } from "./OutputsTab.tsx";
import { ParametersTab } from "./ParametersTab.tsx";

const LogsTab = lazily(() => import("./LogsTab.tsx"));

export function NodePanel({ node }: { node: GraphNode }) {
  const component = useComponent(node);
  const catalogue = useCatalogue();
  const { ui } = useDesigner();
  const panelTab = useUi("panelTab");
  const problems = useNodeProblems(node.id);
  const place = useId();
  if (!component) return catalogue ? <Unknown node={node} /> : <Skeleton lines={8} />;
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const tabs: TabItem<PanelTab>[] = [
    { id: "parameters", label: "Parameters", count: errors || null, warn: true },
    { id: "outputs", label: "Outputs", count: component.outputs.length || null },
    { id: "logs", label: "Logs" },
    { id: "lineage", label: "Lineage" },
  ];
  const tab = tabs.some((each) => each.id === panelTab) ? panelTab : "parameters";
  return (
    <div className="p-panel">
      <header className="p-head">
        <Heading node={node} component={component} />
        <StatusLine node={node} />
        <Tabs label="Properties" items={tabs} value={tab} onChange={(id) => ui.set({ panelTab: id })} controls={place} />
      </header>
      <div className="p-body" role="tabpanel" id={place} aria-labelledby={`${place}-${tab}`} tabIndex={-1}>
        {tab === "parameters" && <ParametersTab node={node} component={component} />}
        {tab === "outputs" && <OutputsTab node={node} component={component} />}
        {tab === "logs" && (
          <Suspense fallback={<Skeleton lines={4} />}>
            <LogsTab node={node} />
          </Suspense>
        )}
        {tab === "lineage" && <LineageTab node={node} component={component} />}
      </div>
    </div>
  );
}

function Heading({ node, component }: { node: GraphNode; component: Component }) {
  const { config } = useDesigner();
  const [isNaming, setNaming] = useState(false);
  const help = `/w/${encodeURIComponent(config.workspace)}/modules/${encodeURIComponent(component.name)}/`;
  const title = node.label || component.title;
  return (
    <div className="p-title">
      <Tile category={component.category} component={component.name} />
      <div className="p-title-text">
        {isNaming ? <NameField node={node} title={title} onDone={() => setNaming(false)} /> : <h2 className="truncate" title={title}>{title}</h2>}
        <span className="secondary truncate">{[node.label && node.label !== component.title ? component.title : component.category, `v${node.version}`].join(" · ")}</span>
      </div>
      <a className="btn btn-icon" href={help} target="_blank" rel="noopener" aria-label={`Help on ${component.title}`} title={`Help on ${component.title} (new tab)`}>
        <Icon icon="help-circle" />
      </a>
      <NodeMenu node={node} onRename={() => setNaming(true)} />
    </div>
  );
}

function NameField({ node, title, onDone }: { node: GraphNode; title: string; onDone: () => void }) {
  const { draft } = useDesigner();
  return (
    <input
      className="form-control p-name"
      aria-label="Name of this step"
      defaultValue={title}
      autoFocus
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => {
        if (event.currentTarget.value.trim() !== title) draft.setLabel(node.id, event.currentTarget.value);
        onDone();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") event.currentTarget.blur();
        else if (event.key === "Escape") onDone();
      }}
    />
  );
}

function NodeMenu({ node, onRename }: { node: GraphNode; onRename: () => void }) {
  const { draft, ui } = useDesigner();
  const writable = useWritable();
  const run = useRunOverlay(node.id);
  const pinTo = run?.status === "Completed" ? (run.parent ?? null) : null;
  return (
    <Menu label={`More about ${draft.nameOf(node.id)}`} icon="dots-vertical">
      <MenuItem icon="edit" disabled={!writable} onClick={onRename}>
        Rename
      </MenuItem>
      <MenuItem icon="ban" disabled={!writable} onClick={() => draft.setDisabled([node.id], !node.disabled)}>
        {node.disabled ? "Enable" : "Disable"}
      </MenuItem>
      <MenuItem icon={node.pinned ? "pinned-off" : "pin"} disabled={!writable || (!node.pinned && !pinTo)} onClick={() => draft.setPinned(new Map([[node.id, node.pinned ? null : pinTo]]))}>
        {node.pinned ? "Unpin the output" : "Pin the output"}
      </MenuItem>
      <MenuItem icon="message" onClick={() => ui.openDialog({ kind: "comments", node: node.id })}>
        Discuss
      </MenuItem>
      <hr className="menu-sep" />
      <MenuItem icon="player-play" onClick={() => ui.openPlan("to", [node.id])}>
        Run to here
      </MenuItem>
      <MenuItem icon="player-track-next-filled" onClick={() => ui.openPlan("from", [node.id])}>
        Run from here
      </MenuItem>
      <MenuItem icon="pointer" onClick={() => ui.openPlan("selected", [node.id])}>
        Run only this
      </MenuItem>
      <hr className="menu-sep" />
      <MenuItem icon="copy" onClick={() => void copyText(node.id)}>
        Copy its step name
      </MenuItem>
      <MenuItem icon="trash" disabled={!writable} onClick={() => draft.remove([node.id])}>
        Delete
      </MenuItem>
    </Menu>
  );
}

function StatusLine({ node }: { node: GraphNode }) {
  const run = useRunOverlay(node.id);
  const settings = useSettings();
  const peak = usePeak(run);
  const elapsed = useElapsed(run?.seconds, run?.at, run?.status === "Running");
  if (node.disabled) {
    return (
      <div className="p-status">
        <Pill status="Canceled">Disabled</Pill>
        <span className="secondary">Its input passes through.</span>
      </div>
    );
  }
  if (node.pinned) {
    return (
      <div className="p-status">
        <span className="pill pill-reused"><Icon icon="pinned" />Pinned</span>
        <span className="secondary truncate">{run?.pinned ? `Its output of ${run.pinned.called} is used as it is` : "It does not run"}</span>
      </div>
    );
  }
  if (!run || run.status === "NotStarted") {
    return (
      <div className="p-status">
        <span className="secondary">Not run yet</span>
      </div>
    );
  }
  const left = run.status === "Running" ? leftText(leftOf(run, elapsed)) : "";
  const facts = [run.status === "Running" && run.progress === null ? duration(elapsed) : timeOf(run), left, peak, node.compute || settings.default_compute].filter(Boolean).join(" · ");
  return (
    <div className="p-status">
      {run.stale ? <span className="pill pill-warning"><Icon icon="alert-triangle" />Stale</span> : <Pill status={run.status} reused={run.reused} />}
      <span className="secondary truncate">{run.stale ? "Edited since it ran" : facts}</span>
    </div>
  );
}

/** "212 MB peak", which the run itself knows. */
function usePeak(run: NodeRun | undefined): string {
  const { api } = useDesigner();
  const guid = run?.status === "Completed" && !run.reused ? run.run : null;
  const { answer } = useAsked(guid && `peak of ${guid}`, (signal) => api.get<{ peak_memory?: number | null }>(`runs/${guid}`, signal));
  return answer?.peak_memory ? `${bytes(answer.peak_memory)} peak` : "";
}

function timeOf(run: NodeRun): string {
  if (run.progress !== null && !ended(run.status)) return [`${Math.round(run.progress * 100)} %`, run.progress_text].filter(Boolean).join(" · ");
  return duration(run.seconds);
}

function Unknown({ node }: { node: GraphNode }) {
  const { draft } = useDesigner();
  return (
    <div className="p-panel">
      <Empty icon="puzzle" title={`${node.component} is not in the catalogue`}>
        <p>This step cannot run here: its module, version {node.version}, is not installed or was removed.</p>
        <button type="button" className="btn" onClick={() => draft.remove([node.id])}>
          Delete the step
        </button>
      </Empty>
      {node.comment && <Note>{node.comment}</Note>}
    </div>
  );
}
