/** Below the canvas: what came out of a port, its statistics, logs, problems, and two things side by side. */
import "../../styles/designer-dock.css";
import { Suspense, useEffect, useId, useState } from "react";
import { lazily } from "../app/lazily.ts";
import { kindOf } from "../../graph/ports.ts";
import { Icon, IconButton, Menu, MenuItem, Port, Skeleton, Tabs, type TabItem } from "../data/parts.tsx";
import { portLabel, portRun, sizeText } from "../data/ports.ts";
import { tried } from "../data/trying.ts";
import { useCatalogue, useCell, useDesigner, useNodes, useProblems, useRunNodes, useRunOverlay, useSelection, useUi, type DockTab, type PortRef } from "../store/index.ts";
import { ProblemsTab } from "./ProblemsTab.tsx";

// What needs a grid, a log or a chart comes after the canvas stands.
const PortPane = lazily(() => import("./PortPane.tsx"));
const LogsPane = lazily(() => import("./LogsPane.tsx"));
const CompareTab = lazily(() => import("./CompareTab.tsx"));

export function Dock() {
  const { ui } = useDesigner();
  const tab = useUi("dockTab");
  const problems = useProblems();
  const failed = useFailed();
  const port = useShownPort();
  const place = useId();
  const [isSearching, setSearching] = useState(false);
  const [isTall, setTall] = useTall();
  const count = problems.length + failed;
  const tabs: TabItem<DockTab>[] = [
    { id: "preview", label: "Preview", icon: "table" },
    { id: "statistics", label: "Statistics" },
    { id: "logs", label: "Logs" },
    { id: "problems", label: "Problems", count: count || null, warn: true },
    { id: "compare", label: "Compare" },
  ];
  const isTable = useIsTable(port);
  const isPort = tab === "preview" || tab === "statistics";
  return (
    <div className="k-dock">
      <div className="k-head">
        <Tabs label="Results" items={tabs} value={tab} onChange={(id) => ui.set({ dockTab: id })} controls={place} />
        <div className="k-tools">
          {isPort && <PortChooser port={port} />}
          {isPort && isTable && <IconButton icon="filter" label="Search and filter columns" pressed={isSearching} onClick={() => setSearching(!isSearching)} />}
          {isPort && port && <DownloadLink port={port} />}
          <IconButton icon={isTall ? "arrows-minimize" : "arrows-maximize"} label={isTall ? "Make it small again" : "Use the whole height"} pressed={isTall} onClick={() => setTall(!isTall)} />
          <IconButton icon="x" label="Close the results" onClick={() => (setTall(false), ui.set({ dockOpen: false }))} />
        </div>
      </div>
      <div className="k-body" role="tabpanel" id={place} aria-labelledby={`${place}-${tab}`} tabIndex={-1}>
        <Suspense fallback={<Skeleton lines={3} />}>
          {isPort && <PortPane port={port} view={tab} isSearching={isSearching} />}
          {tab === "logs" && <LogsPane />}
          {tab === "problems" && <ProblemsTab />}
          {tab === "compare" && <CompareTab first={port} />}
        </Suspense>
      </div>
    </div>
  );
}

/** The port asked for; a step that is selected meanwhile shows its own first one. */
export function useShownPort(): PortRef | null {
  const asked = useUi("dockPort");
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const chosen = [...useSelection()].filter((id) => nodes.has(id));
  const only = chosen.length === 1 ? nodes.get(chosen[0]!) : undefined;
  if (only && asked?.node !== only.id) {
    const first = catalogue?.of(only)?.outputs[0];
    return first ? { node: only.id, port: first.name } : null;
  }
  return asked && nodes.has(asked.node) ? asked : null;
}

function useIsTable(port: PortRef | null): boolean {
  const node = useNodes().get(port?.node ?? "");
  const catalogue = useCatalogue();
  const type = node && port ? catalogue?.output(node, port.port)?.type : undefined;
  return type !== undefined && ["dataset", "any"].includes(kindOf(type)) && type !== "images";
}

function useFailed(): number {
  return [...useRunNodes().values()].filter((run) => run.error && !run.stale).length;
}

const TALL = "designer-dock-tall";

/** The whole height of the middle; the layout reads it from the body's class. */
function useTall(): [boolean, (tall: boolean) => void] {
  const [isTall, setTall] = useState(false);
  useEffect(() => {
    document.body.classList.toggle(TALL, isTall);
    return () => document.body.classList.remove(TALL);
  }, [isTall]);
  return [isTall, setTall];
}

function PortChooser({ port }: { port: PortRef | null }) {
  const { ui, draft } = useDesigner();
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const ran = useRunOverlay(port?.node ?? null);
  const runs = useRunNodes();
  const sample = useCell(tried);
  if (!catalogue) return null;
  const node = nodes.get(port?.node ?? "");
  const component = node && catalogue.of(node);
  const choices = [...nodes.values()].filter((each) => each.id === port?.node || runs.get(each.id)?.run).flatMap((each) => (catalogue.of(each)?.outputs ?? []).map((output) => ({ node: each, output })));
  const size = sample ? "" : sizeText(ran?.outputs[port?.port ?? ""]);
  const type = component?.outputs.find((each) => each.name === port?.port)?.type ?? "any";
  return (
    <>
      <Menu
        className="k-port"
        label={`Output shown${node && port ? `: ${catalogue.titleOf(node)}, ${portLabel(component, port.port)}` : ""}. Choose another`}
        text={
          <>
            <Port type={type} />
            <span className="truncate">{node && port ? `${catalogue.titleOf(node)} · ${portLabel(component, port.port)}` : "Choose an output"}</span>
            <Icon icon="chevron-down" />
          </>
        }
      >
        {!choices.length && <p className="k-menu-none">Nothing has run yet.</p>}
        {choices.map(({ node: each, output }) => (
          <MenuItem
            key={`${each.id}:${output.name}`}
            current={each.id === port?.node && output.name === port.port}
            onClick={() => {
              tried.set(null);
              ui.set({ dockPort: { node: each.id, port: output.name } });
              if (![...ui.selection.get()].includes(each.id)) ui.select([each.id]);
            }}
          >
            <Port type={output.type} />
            <span className="truncate">{draft.node(each.id) ? catalogue.titleOf(each) : each.id}</span>
            <span className="muted p-end">{output.label || output.name}</span>
          </MenuItem>
        ))}
      </Menu>
      {size && <span className="secondary nowrap k-size">{size}</span>}
    </>
  );
}

function DownloadLink({ port }: { port: PortRef }) {
  const { api } = useDesigner();
  const ran = useRunOverlay(port.node);
  const at = portRun(ran, port.port);
  if (!ran || !at || ran.status !== "Completed") return null;
  const url = `${api.base}runs/${encodeURIComponent(at.run)}/outputs/${encodeURIComponent(at.port)}/files/data.parquet`;
  if (ran.outputs[port.port]?.rows === undefined) return null;
  return (
    <a className="btn btn-icon" href={url} download={`${port.node}-${port.port}.parquet`} aria-label="Download as Parquet" title="Download as Parquet">
      <Icon icon="download" />
    </a>
  );
}
