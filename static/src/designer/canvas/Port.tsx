import { Handle, Position } from "@xyflow/react";
import { memo, useSyncExternalStore } from "react";
import { NODE_WIDTH } from "../../graph/arrange.ts";
import { portOffset, typeLabel } from "../../graph/ports.ts";
import { useWritable } from "../store/hooks.ts";
import { connecting } from "./connecting.ts";
import { PortShape } from "./PortShape.tsx";
import { hideTip, showTip } from "./tip.ts";

interface Props {
  node: string;
  id: string;
  name: string;
  label: string;
  type: string;
  side: "source" | "target";
  index: number;
  count: number;
}

/** How a port looks while an edge is drawn: a string, so that only a change wakes it. */
function stateOf(node: string, id: string, side: "source" | "target"): string {
  const now = connecting.get();
  if (!now) return "";
  if (now.node === node && now.port === id && now.side === side) return "is-start";
  return now.side !== side && now.legal.has(`${node}:${id}`) ? "is-legal" : "is-dim";
}

export const Port = memo(function Port({ node, id, name, label, type, side, index, count }: Props) {
  const state = useSyncExternalStore(connecting.subscribe, () => stateOf(node, id, side));
  const writable = useWritable();
  return (
    <Handle
      id={id}
      type={side}
      position={side === "target" ? Position.Top : Position.Bottom}
      className={`d-handle ${state}`}
      style={{ left: portOffset(index, count, NODE_WIDTH) }}
      isConnectable={writable}
      data-port={name}
      onPointerEnter={(event) => showTip(event.currentTarget, { node, port: name, label, type: typeLabel(type), side })}
      onPointerLeave={hideTip}
    >
      <PortShape type={type} />
    </Handle>
  );
});
