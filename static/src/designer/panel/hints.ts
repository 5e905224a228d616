/** What a value comes to with the data that is there, where that can be told. */
import type { Component, GraphNode, Json, ParamSpec } from "../../graph/types.ts";
import { edgeId } from "../../graph/types.ts";
import { grouped } from "../../ui/format.ts";
import { useEdges, useRunOverlay } from "../store/index.ts";

/** "318,490 rows to output 1 and 79,622 to output 2", once the rows of the input are known. */
export function useHint(node: GraphNode, component: Component, spec: ParamSpec, value: Json): string | null {
  const edge = useEdges().get(edgeId(node.id, component.inputs[0]?.name ?? ""));
  const source = useRunOverlay(edge?.source ?? null);
  const rows = source?.outputs[edge?.sourceHandle ?? ""]?.rows;
  return typeof rows === "number" ? splitHint(component.name, spec.name, value, rows) : null;
}

export function splitHint(component: string, param: string, value: Json, rows: number): string | null {
  if (component !== "split_data" || param !== "fraction" || typeof value !== "number" || value < 0 || value > 1) return null;
  // Rounded first, as the module does: 0.29 of 100 rows is 29.
  const first = Math.trunc(Number((value * rows).toFixed(9)));
  return `${grouped(first)} rows to output 1 and ${grouped(rows - first)} to output 2`;
}
