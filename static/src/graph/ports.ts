/** Port types: what they are called, how they look, and what may feed what. */
import type { PortSpec } from "./types.ts";

export type PortKind = "dataset" | "learner" | "model" | "transform" | "metrics" | "any";
export type PortShape = "circle" | "diamond" | "diamond-filled" | "square" | "ring";

const KINDS: Record<string, PortKind> = {
  dataset: "dataset", uri_folder: "dataset", uri_file: "dataset", mltable: "dataset",
  untrained_model: "learner",
  trained_model: "model", mlflow_model: "model", custom_model: "model", triton_model: "model",
  transform: "transform",
  metrics: "metrics",
}; // prettier-ignore

const LABELS: Record<string, string> = {
  dataset: "Dataset", uri_folder: "Folder", uri_file: "File", mltable: "Table", untrained_model: "Learner", trained_model: "Model",
  mlflow_model: "MLflow model", custom_model: "Custom model", triton_model: "Triton model", transform: "Transform", metrics: "Metrics",
  images: "Images", any: "Anything",
}; // prettier-ignore

const SHAPES: Record<PortKind, PortShape> = { dataset: "circle", learner: "diamond", model: "diamond-filled", transform: "square", metrics: "square", any: "ring" };

export const LEGEND: readonly { kind: PortKind; label: string }[] = [
  { kind: "dataset", label: "Dataset" },
  { kind: "learner", label: "Learner" },
  { kind: "model", label: "Model" },
  { kind: "transform", label: "Transform" },
  { kind: "metrics", label: "Metrics" },
  { kind: "any", label: "Any" },
];

export const kindOf = (type: string): PortKind => KINDS[type] ?? "any";
export const shapeOf = (type: string): PortShape => SHAPES[kindOf(type)];
export const typeLabel = (type: string): string => LABELS[type] ?? type.replaceAll("_", " ");
export const portLabel = (port: PortSpec): string => port.label || port.name.replaceAll("_", " ");

const FILES = new Set(["uri_folder", "uri_file", "mltable", "dataset"]);

/** Whether an output of one type may feed an input of another; the catalogue's table decides where it says anything. */
export function fits(from: string, to: string, table: Readonly<Record<string, readonly string[]>> = {}): boolean {
  const listed = table[from];
  if (listed) return listed.includes(to);
  if (from === to || to === "any" || from === "any") return true;
  return FILES.has(from) && FILES.has(to);
}

/** Where the ports of one side stand, from the left edge of a node of this width. */
export function portOffset(index: number, count: number, width: number): number {
  const share = count === 1 ? 0.5 : count === 2 ? 0.335 + index * 0.33 : (index + 1) / (count + 1);
  return Math.round(width * share);
}
