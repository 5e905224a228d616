/** What the server answers to the panel, the dock and the dialogs. */
import type { Graph, Json, Wire } from "../../graph/types.ts";
import type { Bar } from "../../widgets/gridsource.ts";
import type { Counts } from "../dock/thresholds.ts";

// -- what came out of a port

export interface ColumnProfile {
  name: string;
  type: string;
  role?: string;
  categorical?: boolean;
  missing?: number;
  distinct?: number | null;
  min?: number | string | null;
  max?: number | string | null;
  mean?: number | null;
  median?: number | null;
  std?: number | null;
  histogram?: Bar[] | null;
  top?: { value: Json; count: number }[] | null;
}

export interface TablePreview {
  kind: "table";
  rows: number;
  columns: number;
  start: number;
  shown: string[];
  /** Name, type and role of every column; only with the profile. */
  schema?: ColumnProfile[];
  profile?: ColumnProfile[];
  data: unknown[][];
  cut?: string;
  file?: string;
}

export interface TreeNode {
  rows: number;
  feature?: string;
  threshold?: number | string;
  value?: number | string | (number | string)[];
  left?: TreeNode;
  right?: TreeNode;
}

export interface Weight {
  name: string;
  value: number | string;
  class?: string;
}

export interface ModelPreview {
  kind: "model" | "transform";
  learner: string;
  trained: boolean;
  meta: Record<string, Json>;
  coefficients?: Weight[];
  importance?: Weight[];
  trees?: TreeNode[];
  centers?: Weight[][];
}

export interface MetricsPreview {
  kind: "metrics";
  task?: string;
  rows?: { name?: string; metrics?: Record<string, Json> }[];
  [key: string]: unknown;
}

export interface FilesPreview {
  kind: "files";
  count: number;
  files: { path: string; size: number }[];
}

export type Preview = TablePreview | ModelPreview | MetricsPreview | FilesPreview;

export interface EvaluatedRun {
  name: string;
  metrics: Record<string, number | null>;
  roc?: { fpr: number[]; tpr: number[]; thresholds?: number[] };
  pr?: { precision: number[]; recall: number[]; thresholds?: number[] };
  lift?: { depth: number[]; lift: number[]; found?: number[] };
  thresholds?: Counts[];
  confusion?: { labels: string[]; matrix: number[][] };
  error_histogram?: Bar[] | { edges?: number[]; counts?: number[] };
  per_class?: Record<string, Json>[] | Record<string, Json>;
  rows?: number;
  label?: string;
  positive_class?: string;
}

export interface Evaluation {
  kind: "binary" | "multiclass" | "regression" | "clustering" | "";
  runs: EvaluatedRun[];
}

// -- planning

export interface PlannedStep {
  id: string;
  title: string;
  action: "run" | "reuse" | "skip" | "unknown";
  reason: string;
  because: string[];
  compute?: string | null;
  seconds?: number | null;
  source_run?: string | null;
}

export interface Plan {
  mode?: string;
  steps: PlannedStep[];
  run: number;
  reuse: number;
  seconds?: number | null;
  unknown?: number;
  problems: { message: string; hint?: string; node?: string | null; port?: string | null; severity: string }[];
  sources?: { id: string; title: string; run: string }[];
}

// -- versions, comments, publishing

export type Author = string | { name?: string; username?: string; email?: string } | null | undefined;

export const authorName = (author: Author): string => (typeof author === "string" ? author : (author?.name ?? author?.username ?? author?.email ?? "someone")) || "someone";

export interface Version {
  number: number;
  name?: string;
  note?: string;
  author?: Author;
  at: string;
  digest?: string;
  graph?: Graph;
}

export interface Named {
  id: string;
  label?: string;
}

export interface Pair {
  name: string;
  before: Json;
  after: Json;
}

export interface GraphDiff {
  added: Named[];
  removed: Named[];
  changed: { id: string; label?: string; param: string; before: Json; after: Json }[];
  edges_added: Wire[];
  edges_removed: Wire[];
  settings: Pair[];
  parameters: Pair[];
  notes?: { id: string; before: Json; after: Json }[];
}

export interface Touched {
  what: string;
  id: string;
  action: "added" | "removed" | "changed" | "moved";
  fields: string[];
}

export interface Change {
  revision: number;
  at: string;
  by: Author;
  changes: Touched[];
}

export interface Discussion {
  id: number | string;
  node: string;
  text: string;
  author?: Author;
  at: string;
  resolved?: boolean;
  resolved_at?: string | null;
  resolved_by?: Author;
}

/** Lists come plain or as one page of a longer one. */
export type Listed<T> = T[] | { value?: T[]; results?: T[]; items?: T[] };

export const listOf = <T>(answer: Listed<T>): T[] => (Array.isArray(answer) ? answer : (answer.value ?? answer.results ?? answer.items ?? []));
