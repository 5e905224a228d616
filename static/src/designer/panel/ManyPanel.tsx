/** Several steps at once: what can be set for all of them. */
import { useComputes } from "../data/computes.ts";
import { Icon, Tile } from "../data/parts.tsx";
import { useCatalogue, useDesigner, useNodes, useWritable } from "../store/index.ts";

export function ManyPanel({ ids }: { ids: readonly string[] }) {
  const { draft, ui } = useDesigner();
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const writable = useWritable();
  const computes = useComputes();
  const chosen = ids.flatMap((id) => nodes.get(id) ?? []);
  const allOff = chosen.every((node) => node.disabled);
  const compute = chosen.every((node) => node.compute === chosen[0]?.compute) ? (chosen[0]?.compute ?? "") : "several";
  return (
    <div className="p-panel">
      <header className="p-head p-head-plain">
        <h2>{ids.length} steps selected</h2>
      </header>
      <div className="p-body p-form">
        <div className="p-buttons">
          <button type="button" className="btn" onClick={() => ui.openPlan("selected", ids)}>
            <Icon icon="player-play" />
            Run these
          </button>
          <button type="button" className="btn" disabled={!writable} onClick={() => draft.setDisabled(ids, !allOff)}>
            <Icon icon="ban" />
            {allOff ? "Enable" : "Disable"}
          </button>
          <button type="button" className="btn" disabled={!writable} onClick={() => draft.group(ids, "Group")}>
            <Icon icon="components" />
            Group
          </button>
        </div>
        <div className="p-field">
          <div className="p-label">
            <label htmlFor="p-many-compute">Compute of all</label>
          </div>
          <select id="p-many-compute" className="form-select" disabled={!writable} value={compute} onChange={(event) => draft.change("Set the compute of several steps", () => ids.forEach((id) => draft.setCompute(id, event.target.value || null)))}>
            {compute === "several" && <option value="several" disabled>Several</option>}
            <option value="">Use pipeline default</option>
            {computes.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <ul className="p-links" aria-label="Selected steps">
          {chosen.map((node) => (
            <li key={node.id}>
              <button type="button" className="p-lineage-step" onClick={() => ui.focusNode(node.id)}>
                <Tile category={catalogue?.of(node)?.category ?? ""} component={node.component} size={24} />
                <span className="truncate">{catalogue?.titleOf(node) ?? node.id}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
