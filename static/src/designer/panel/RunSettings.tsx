/** How one step runs: where, whether its results are reused, and what its makers want to be remembered. */
import { useState } from "react";
import type { GraphNode } from "../../graph/types.ts";
import { Icon } from "../data/parts.tsx";
import { useComputes } from "../data/computes.ts";
import { PinField } from "./PinField.tsx";
import { useDesigner, useSettings, useWritable } from "../store/index.ts";

const KEY = "designer-run-settings";

export function RunSettings({ node }: { node: GraphNode }) {
  const { draft } = useDesigner();
  const writable = useWritable();
  const settings = useSettings();
  const computes = useComputes();
  const [isOpen, setOpen] = useState(() => localStorage.getItem(KEY) !== "closed");
  const standard = settings.default_compute || computes[0] || "none yet";
  return (
    <details
      className="p-section"
      open={isOpen}
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
        localStorage.setItem(KEY, event.currentTarget.open ? "open" : "closed");
      }}
    >
      <summary>
        <h3>Run settings</h3>
        <Icon icon="chevron-down" />
      </summary>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="p-compute">Compute</label>
        </div>
        <div className="p-select-icon">
          <Icon icon="server-2" />
          <select id="p-compute" className="form-select" disabled={!writable} value={node.compute ?? ""} onChange={(event) => draft.setCompute(node.id, event.target.value || null)}>
            <option value="">{`Use pipeline default (${standard})`}</option>
            {[...new Set([...computes, ...(node.compute ? [node.compute] : [])])].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
      </div>
      <div className="p-field is-switch">
        <div className="p-label">
          <label htmlFor="p-reuse">Reuse results</label>
          <input id="p-reuse" type="checkbox" role="switch" className="switch" disabled={!writable} checked={!node.forceRerun} aria-describedby="p-reuse-help" onChange={(event) => draft.setForceRerun(node.id, !event.target.checked)} />
        </div>
        <div className="p-help" id="p-reuse-help">{node.forceRerun ? "It runs anew in each run, and so does what it feeds" : "Skip when inputs and settings are unchanged"}</div>
      </div>
      <PinField node={node} />
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="p-comment">Comment</label>
        </div>
        <textarea id="p-comment" className="form-control" rows={2} disabled={!writable} value={node.comment ?? ""} placeholder="Why this step is here; shown on the canvas" onChange={(event) => draft.setComment(node.id, event.target.value)} />
      </div>
    </details>
  );
}
