/** An edge: the colour of its type, dashed until data has flowed, rows x columns on a plate. */
import { BaseEdge, EdgeLabelRenderer, getBezierPath, type EdgeProps } from "@xyflow/react";
import { memo, useSyncExternalStore } from "react";
import { kindOf } from "../../graph/ports.ts";
import { Icon } from "../app/Icon.tsx";
import { useDesigner, useRunOverlay, useUi } from "../store/hooks.ts";
import { grouped } from "../../ui/format.ts";
import type { FlowEdge } from "./types.ts";

export const WireView = memo(function WireView(props: EdgeProps<FlowEdge>) {
  const { id, data, selected, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  const overlay = useUi("overlay");
  const held = useRunOverlay(data?.wire.source ?? null);
  const run = overlay === "run" ? held : undefined;
  const { ui } = useDesigner();
  const lit = useSyncExternalStore(ui.state.subscribe, () => {
    const { highlight, highlightKind } = ui.state.get();
    return data && highlight.has(data.wire.source) && highlight.has(data.wire.target) ? `in-${highlightKind}` : "";
  });
  const bend = Math.min(0.45, Math.max(0.25, 40 / Math.max(1, Math.abs(targetY - sourceY))));
  const [path, labelX, labelY] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, curvature: bend });
  const flowed = run?.status === "Completed";
  const output = data ? run?.outputs[data.wire.sourceHandle] : undefined;
  const text = output && size(output.rows, output.columns);
  return (
    <>
      <BaseEdge id={id} path={path} interactionWidth={24} className={`d-wire d-wire-${kindOf(data?.type ?? "any")} ${flowed ? "is-flowed" : ""} ${selected ? "is-selected" : ""} ${run?.stale ? "is-stale" : ""} ${lit}`} />
      {text && data?.labelled && (
        <EdgeLabelRenderer>
          <span className={`d-plate nodrag nopan ${output?.warning ? "is-warning" : ""}`} style={{ transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)` }} title={output?.warning ?? undefined}>
            {output?.warning && <Icon icon="alert-triangle-filled" className="icon-sm" />}
            {text}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

function size(rows: number | null | undefined, columns: number | null | undefined): string {
  if (rows === null || rows === undefined) return "";
  const count = rows >= 1e6 ? `${Number((rows / 1e6).toPrecision(3))} M` : grouped(rows);
  return columns === null || columns === undefined ? `${count} rows` : `${count} × ${columns}`;
}
