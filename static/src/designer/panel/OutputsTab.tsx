/** What a step gives: each port with its size, a look at it, a comparison, its files. */
import type { Component, GraphNode, PortSpec } from "../../graph/types.ts";
import { Icon, Menu, MenuItem, Port } from "../data/parts.tsx";
import { typeLabel } from "../../graph/ports.ts";
import { hasOutput, portRun, sizeText } from "../data/ports.ts";
import { useColumns, useDesigner, useRunOverlay } from "../store/index.ts";

export function OutputsTab({ node, component }: { node: GraphNode; component: Component }) {
  if (!component.outputs.length) return <p className="p-none secondary">This module gives nothing on; it ends a branch.</p>;
  return (
    <ul className="p-ports">
      {component.outputs.map((port) => (
        <Output key={port.name} node={node} port={port} />
      ))}
    </ul>
  );
}

function Output({ node, port }: { node: GraphNode; port: PortSpec }) {
  const { ui, config } = useDesigner();
  const ran = useRunOverlay(node.id);
  const columns = useColumns(node.id, port.name);
  const there = hasOutput(ran);
  const size = sizeText(ran?.outputs[port.name]);
  const warning = ran?.outputs[port.name]?.warning;
  const at = { node: node.id, port: port.name };
  const page = `/w/${encodeURIComponent(config.workspace)}/runs/${portRun(ran, port.name)?.run ?? ""}/?tab=outputs`;
  return (
    <li className="p-output">
      <div className="p-output-head">
        <Port type={port.type} />
        <strong className="truncate">{port.label || port.name}</strong>
        <span className="secondary p-end nowrap">{size || typeLabel(port.type)}</span>
      </div>
      {warning && (
        <p className="p-warning">
          <Icon icon="alert-triangle" className="icon-sm" />
          {warning}
        </p>
      )}
      <div className="p-output-tools">
        <button type="button" className="btn btn-sm" disabled={!there} onClick={() => ui.openDock("preview", at)}>
          <Icon icon="table" />
          {port.type === "metrics" ? "Evaluate" : port.type.includes("model") ? "Look inside" : "Preview"}
        </button>
        {port.type === "dataset" && (
          <button type="button" className="btn btn-sm" disabled={!there} onClick={() => ui.openDock("statistics", at)}>
            <Icon icon="chart-histogram" />
            Statistics
          </button>
        )}
        <Menu label={`More of ${port.label || port.name}`} icon="dots">
          <MenuItem icon="arrows-diff" disabled={!there} onClick={() => ui.openDock("compare", at)}>
            Compare with another port or run
          </MenuItem>
          {there && (
            <a className="menu-item" href={page}>
              <Icon icon="folder" />
              Files, download, register
            </a>
          )}
        </Menu>
      </div>
      {columns && (
        <details className="p-output-columns">
          <summary>{columns.length} columns {there ? "" : "expected"}</summary>
          <ul>
            {columns.slice(0, 200).map((column) => (
              <li key={column.name}>
                <span className="truncate">{column.name}</span>
                <span className="muted p-end">{[column.role && column.role !== "feature" ? column.role : "", column.categorical ? "categorical" : column.type].filter(Boolean).join(" · ")}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
