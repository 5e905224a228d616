/** A group: open it is a tinted box around its members, folded it is one node with their ports. */
import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { ended, lookOf } from "../../ui/status.ts";
import { Icon } from "../app/Icon.tsx";
import { useDesigner, useRunNodes, useUi, useWritable } from "../store/hooks.ts";
import { Port } from "./Port.tsx";
import { StatusIcon } from "./Status.tsx";
import type { FoldedNode, GroupNode } from "./types.ts";

export const GroupView = memo(function GroupView({ id, data: { group, count, members }, selected }: NodeProps<GroupNode>) {
  const { draft, ui } = useDesigner();
  const writable = useWritable();
  return (
    <div className={`d-group ${selected ? "is-selected" : ""}`} data-group={group.id}>
      <div className="d-group-head">
        <Title key={id} id={id} group={group.id} label={group.label} />
        <span className="muted">{count}</span>
        <button type="button" className="btn btn-icon btn-sm nodrag" aria-label={`Look into ${group.label} alone`} onClick={() => ui.set({ inside: group.id })}>
          <Icon icon="arrows-maximize" className="icon-sm" />
        </button>
        {writable && (
          <button type="button" className="btn btn-icon btn-sm nodrag" aria-label={`Save ${group.label} as a component`} title="Save as component" onClick={() => ui.openDialog({ kind: "component", nodes: [...members], title: group.label === "Group" ? "" : group.label })}>
            <Icon icon="components" className="icon-sm" />
          </button>
        )}
        {writable && (
          <button type="button" className="btn btn-icon btn-sm nodrag" aria-label={`Fold ${group.label}`} onClick={() => draft.setGroup(group.id, { collapsed: true })}>
            <Icon icon="fold" className="icon-sm" />
          </button>
        )}
      </div>
    </div>
  );
});

function Title({ id, group, label }: { id: string; group: string; label: string }) {
  const layer = useUi("layer");
  const { draft, ui } = useDesigner();
  if (layer?.kind !== "rename" || layer.node !== id) {
    return (
      <strong className="truncate" onDoubleClick={() => draft.writable.get() && ui.openLayer({ kind: "rename", node: id })}>
        {label}
      </strong>
    );
  }
  return (
    <input
      className="d-rename nodrag nopan"
      defaultValue={label}
      aria-label="Name of the group"
      autoFocus
      onFocus={(event) => event.target.select()}
      onBlur={(event) => {
        if (event.target.value.trim() && event.target.value !== label) draft.setGroup(group, { label: event.target.value.trim() });
        ui.closeLayer();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

const ORDER = ["Failed", "Running", "Preparing", "Finalizing", "CancelRequested", "Queued", "NotStarted", "Canceled", "Completed"];

export const FoldedView = memo(function FoldedView({ id, data: { group, members, inputs, outputs }, selected }: NodeProps<FoldedNode>) {
  const { draft, ui } = useDesigner();
  const overlay = useUi("overlay");
  const runs = useRunNodes();
  const states = overlay === "run" ? members.flatMap((member) => runs.get(member) ?? []) : [];
  const status = ORDER.find((one) => states.some((state) => state.status === one));
  const done = states.filter((state) => ended(state.status)).length;
  return (
    <div className={`d-node is-folded ${selected ? "is-selected" : ""} ${status ? `is-${lookOf(status).kind}` : ""}`} data-group={group.id} onDoubleClick={() => ui.set({ inside: group.id })}>
      {inputs.map((port, index) => (
        <Port key={port.id} node={id} id={port.id} name={port.id} label={port.label} type={port.type} side="target" index={index} count={inputs.length} />
      ))}
      <span className="d-tile tile-any">
        <Icon icon="box-multiple" />
      </span>
      <span className="d-node-text">
        <strong className="truncate">{group.label}</strong>
        <span className="truncate">
          {members.length} modules{states.length > 0 && ` · ${done} of ${members.length} done`}
        </span>
      </span>
      <button type="button" className="btn btn-icon btn-sm nodrag" aria-label={`Unfold ${group.label}`} onClick={() => draft.setGroup(group.id, { collapsed: false })}>
        <Icon icon="arrows-maximize" className="icon-sm" />
      </button>
      {status && (
        <span className="d-node-end">
          <StatusIcon status={status} reused={false} />
        </span>
      )}
      {outputs.map((port, index) => (
        <Port key={port.id} node={id} id={port.id} name={port.id} label={port.label} type={port.type} side="source" index={index} count={outputs.length} />
      ))}
    </div>
  );
});
