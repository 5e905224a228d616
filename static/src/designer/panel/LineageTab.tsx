/** Where a step's data comes from and goes to, in the draft and in the runs behind it. */
import type { Component, GraphEdge, GraphNode } from "../../graph/types.ts";
import { Icon, Port, StatusIcon, Tile } from "../data/parts.tsx";
import { useCatalogue, useDesigner, useEdges, useNodes, useRunNodes, useRunOverlay } from "../store/index.ts";

export function LineageTab({ node, component }: { node: GraphNode; component: Component }) {
  const edges = [...useEdges().values()];
  const incoming = edges.filter((edge) => edge.target === node.id);
  const outgoing = edges.filter((edge) => edge.source === node.id);
  return (
    <div className="p-lineage">
      <h3>Takes from</h3>
      {component.inputs.length === 0 && <p className="secondary">Nothing; it is a source.</p>}
      <ul className="p-links">
        {component.inputs.map((port) => {
          const edge = incoming.find((each) => each.targetHandle === port.name);
          return <Step key={port.name} edge={edge} id={edge?.source ?? null} label={port.label || port.name} type={port.type} optional={port.optional ?? false} />;
        })}
      </ul>
      <h3>Gives to</h3>
      {outgoing.length === 0 && <p className="secondary">No step uses its outputs yet.</p>}
      <ul className="p-links">
        {outgoing.map((edge) => (
          <Step key={edge.id} edge={edge} id={edge.target} label={component.outputs.find((port) => port.name === edge.sourceHandle)?.label || edge.sourceHandle} type={component.outputs.find((port) => port.name === edge.sourceHandle)?.type ?? "any"} optional={false} />
        ))}
      </ul>
      <RunLinks node={node} />
    </div>
  );
}

function Step({ id, label, type, optional }: { edge: GraphEdge | undefined; id: string | null; label: string; type: string; optional: boolean }) {
  const { ui, draft } = useDesigner();
  const other = useNodes().get(id ?? "");
  const catalogue = useCatalogue();
  const run = useRunNodes().get(id ?? "");
  if (!other) {
    return (
      <li className="p-lineage-open">
        <Port type={type} />
        <span className="secondary">
          {label}: {optional ? "not connected (optional)" : "not connected"}
        </span>
      </li>
    );
  }
  return (
    <li>
      <button type="button" className="p-lineage-step" onClick={() => ui.focusNode(other.id)}>
        <Tile category={catalogue?.of(other)?.category ?? ""} component={other.component} size={24} />
        <span className="p-title-text">
          <strong className="truncate">{catalogue?.titleOf(other) ?? draft.nameOf(other.id)}</strong>
          <span className="secondary truncate">
            <Port type={type} /> {label}
          </span>
        </span>
        {run && <StatusIcon status={run.status} reused={run.reused} />}
      </button>
    </li>
  );
}

function RunLinks({ node }: { node: GraphNode }) {
  const { config } = useDesigner();
  const run = useRunOverlay(node.id);
  const base = `/w/${encodeURIComponent(config.workspace)}/runs/`;
  const asset = typeof node.params["asset"] === "string" ? node.params["asset"].replace(/^azureml:/, "") : null;
  const [name, version] = asset?.split(":") ?? [];
  const kind = node.component === "data_asset" ? "data" : "models";
  return (
    <>
      {(run?.run || asset) && <h3>Elsewhere</h3>}
      <ul className="p-links">
        {asset && (
          <li>
            <a href={`/w/${encodeURIComponent(config.workspace)}/${kind}/${name}/`}>
              <Icon icon="external-link" />
              {name} {version && `· version ${version}`}
            </a>
          </li>
        )}
        {run?.run && (
          <li>
            <a href={`${base}${run.run}/`}>
              <Icon icon="external-link" />
              This step’s run
            </a>
          </li>
        )}
        {run?.run && (
          <li>
            <a href={`${base}${run.run}/?tab=lineage`}>
              <Icon icon="route" />
              Lineage of its data
            </a>
          </li>
        )}
        {run?.source_run && (
          <li>
            <a href={`${base}${run.source_run}/`}>
              <Icon icon="recycle" />
              The run whose result it reuses
            </a>
          </li>
        )}
      </ul>
    </>
  );
}
