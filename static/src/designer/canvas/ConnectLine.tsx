import { getBezierPath, type ConnectionLineComponentProps } from "@xyflow/react";
import { kindOf } from "../../graph/ports.ts";
import { useCatalogue, useDesigner } from "../store/hooks.ts";

/** The edge that is being drawn, in the colour of where it starts. */
export function ConnectLine({ fromX, fromY, toX, toY, fromPosition, toPosition, fromHandle, connectionStatus }: ConnectionLineComponentProps) {
  const { draft } = useDesigner();
  const catalogue = useCatalogue();
  const node = draft.node(fromHandle.nodeId);
  const spec = node && (fromHandle.type === "source" ? catalogue?.output(node, fromHandle.id ?? "") : catalogue?.input(node, fromHandle.id ?? ""));
  const [path] = getBezierPath({ sourceX: fromX, sourceY: fromY, targetX: toX, targetY: toY, sourcePosition: fromPosition, targetPosition: toPosition });
  return <path d={path} fill="none" className={`d-wire d-wire-${kindOf(spec?.type ?? "any")} is-drawing ${connectionStatus === "invalid" ? "is-refused" : ""}`} />;
}
