/** The same graph as a table to read and work by keyboard; canvas and outline share the selection. */
import { useEffect, useMemo, useRef } from "react";
import { topological } from "../../graph/cycles.ts";
import { portLabel } from "../../graph/ports.ts";
import { summaryOf } from "../../graph/summary.ts";
import type { GraphEdge, GraphNode } from "../../graph/types.ts";
import { duration } from "../../ui/format.ts";
import { lookOf } from "../../ui/status.ts";
import { Icon, tileOf } from "../app/Icon.tsx";
import { StatusIcon } from "../canvas/Status.tsx";
import { RenameField } from "../canvas/RenameField.tsx";
import { useActions } from "../commands/context.ts";
import { focusPanel, focusSoon } from "../commands/focus.ts";
import { useCatalogue, useDesigner, useEdges, useNodeProblems, useNodes, useRunOverlay, useSelection, useUi } from "../store/hooks.ts";

export function Outline() {
  const nodes = useNodes();
  const edges = useEdges();
  const selection = useSelection();
  const { ui } = useDesigner();
  const actions = useActions();
  const table = useRef<HTMLTableElement>(null);
  const rows = useMemo(() => {
    const depth = new Map<string, number>();
    const above = new Map<string, GraphEdge[]>();
    for (const edge of edges.values()) above.set(edge.target, [...(above.get(edge.target) ?? []), edge]);
    const byPlace = [...nodes.values()].sort((a, b) => a.position.y - b.position.y || a.position.x - b.position.x).map((node) => node.id);
    const order = topological(byPlace, edges.values());
    for (const id of order) depth.set(id, Math.max(0, ...(above.get(id) ?? []).map((edge) => (depth.get(edge.source) ?? 0) + 1)));
    return order.map((id) => ({ node: nodes.get(id)!, level: depth.get(id) ?? 0, inputs: above.get(id) ?? [] }));
  }, [nodes, edges]);
  const current = rows.findIndex((row) => selection.has(row.node.id));
  const tabbable = Math.max(0, current);
  useEffect(() => {
    // Opened from the canvas: the focus goes on where it was.
    if (!document.activeElement || document.activeElement === document.body) table.current?.querySelector<HTMLElement>('tr[tabindex="0"]')?.focus();
  }, []);
  const go = (index: number, extend: boolean): void => {
    const id = rows[Math.max(0, Math.min(rows.length - 1, index))]?.node.id;
    if (!id) return;
    ui.select(extend ? [...selection, id] : [id]);
    focusSoon(() => table.current?.querySelector<HTMLElement>(`tr[data-node="${CSS.escape(id)}"]`));
  };
  const onKey = (event: React.KeyboardEvent): void => {
    if (!(event.target instanceof HTMLTableRowElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = rows.findIndex((row) => row.node.id === (event.target as HTMLElement).dataset["node"]);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
    if (to !== undefined) go(to, event.shiftKey);
    else if (event.key === "Enter") {
      ui.openPanel();
      focusPanel();
    } else if (event.key === " ") ui.select(selection.has(rows[at]!.node.id) ? [...selection].filter((id) => id !== rows[at]!.node.id) : [...selection, rows[at]!.node.id]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="d-outline">
      <table className="table" role="treegrid" aria-label="Pipeline outline" aria-multiselectable="true" ref={table} onKeyDown={onKey}>
        <thead>
          <tr>
            <th scope="col">Module</th>
            <th scope="col">Settings</th>
            <th scope="col">Inputs come from</th>
            <th scope="col">Status</th>
            <th scope="col" className="num">
              Time
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ node, level, inputs }, index) => (
            <Line key={node.id} node={node} level={level} inputs={inputs} position={index + 1} total={rows.length} selected={selection.has(node.id)} tabbable={index === tabbable} onSelect={(extend) => go(index, extend)} />
          ))}
        </tbody>
      </table>
      {!rows.length && (
        <p className="d-shelf-none muted">
          No modules yet.{" "}
          <button type="button" className="btn btn-sm" onClick={() => actions.designer.ui.openLayer({ kind: "quickadd", at: { x: 0, y: 0 }, screen: { x: innerWidth / 2 - 160, y: 160 } })}>
            Add one
          </button>
        </p>
      )}
    </div>
  );
}

interface LineProps {
  node: GraphNode;
  level: number;
  inputs: readonly GraphEdge[];
  position: number;
  total: number;
  selected: boolean;
  tabbable: boolean;
  onSelect: (extend: boolean) => void;
}

function Line({ node, level, inputs, position, total, selected, tabbable, onSelect }: LineProps) {
  const catalogue = useCatalogue();
  const nodes = useNodes();
  const overlay = useUi("overlay");
  const held = useRunOverlay(node.id);
  const run = overlay === "run" ? held : undefined;
  const problems = useNodeProblems(node.id);
  const component = catalogue?.of(node);
  const title = node.label || component?.title || node.component;
  const tile = tileOf(component?.category ?? "", node.component);
  const from = (component?.inputs ?? []).map((port) => {
    const edge = inputs.find((one) => one.targetHandle === port.name);
    const source = edge && nodes.get(edge.source);
    const output = edge && source && catalogue?.output(source, edge.sourceHandle);
    const many = (component?.inputs.length ?? 0) > 1;
    if (!edge) return port.optional ? "" : `${many ? `${portLabel(port)}: ` : ""}not connected`;
    const name = source ? (catalogue?.titleOf(source) ?? edge.source) : edge.source;
    const which = output && source && (catalogue?.of(source)?.outputs.length ?? 0) > 1 ? ` (${portLabel(output)})` : "";
    return `${many ? `${portLabel(port)}: ` : ""}${name}${which}`;
  });
  return (
    <tr role="row" data-node={node.id} aria-level={level + 1} aria-posinset={position} aria-setsize={total} aria-selected={selected} tabIndex={tabbable ? 0 : -1} className={node.disabled ? "is-disabled" : ""} onClick={(event) => onSelect(event.shiftKey || event.ctrlKey || event.metaKey)}>
      <td role="gridcell">
        <span className="d-outline-name" style={{ paddingLeft: Math.min(level, 12) * 14 }}>
          <span className={`d-tile d-tile-sm tile-${tile.kind}`}>
            <Icon icon={tile.icon} className="icon-sm" />
          </span>
          <RenameField id={node.id} title={title} />
          {node.disabled && <span className="tag">disabled</span>}
          {node.pinned && <span className="tag">pinned</span>}
        </span>
      </td>
      <td role="gridcell" className="secondary">
        {summaryOf(node, component, catalogue)}
      </td>
      <td role="gridcell" className="secondary">
        {from.filter(Boolean).join("; ")}
      </td>
      <td role="gridcell">
        {run ? (
          <span className="d-outline-status">
            <StatusIcon status={run.status} reused={run.reused} /> {lookOf(run.status, run.reused).word}
            {run.stale && ", stale"}
          </span>
        ) : problems.length ? (
          <span className={problems[0]!.severity === "error" ? "bad" : "status-warning"}>{problems[0]!.message}</span>
        ) : (
          <span className="muted">Draft</span>
        )}
      </td>
      <td role="gridcell" className="num">
        {run ? duration(run.seconds) : ""}
      </td>
    </tr>
  );
}
