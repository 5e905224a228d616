/** Which columns a step's parameter can mean: those that arrive at the input it speaks of. */
import type { Column, Component, ParamSpec, PortSpec } from "../../graph/types.ts";
import { kindOf } from "../../graph/ports.ts";
import { useInputColumns } from "../store/index.ts";

export interface Upstream {
  port: PortSpec | undefined;
  /** null where nobody knows them yet. */
  columns: readonly Column[] | null;
}

export function useUpstream(node: string, component: Component, spec: ParamSpec): Upstream {
  const port = portOf(component.inputs, spec);
  const columns = useInputColumns(node, port?.name ?? "");
  return { port, columns: port ? columns : null };
}

/** The input that a parameter is about: the one that it says, the one that its name shares a word with, else the first table. */
export function portOf(inputs: readonly PortSpec[], spec: Pick<ParamSpec, "name" | "label" | "port">): PortSpec | undefined {
  const said = inputs.find((port) => port.name === spec.port);
  if (said) return said;
  const tables = inputs.filter((port) => ["dataset", "any"].includes(kindOf(port.type)));
  const words = new Set(`${spec.name} ${spec.label ?? ""}`.toLowerCase().split(/[^a-z0-9]+/));
  const near = tables.filter((port) => port.name.toLowerCase().split(/[^a-z0-9]+/).some((word) => /^(left|right|first|second|source|target|\d+)$/.test(word) && words.has(word)));
  return near[0] ?? tables.find((port) => port.type === "dataset" && !port.optional) ?? tables[0];
}
