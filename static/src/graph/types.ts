/** The stored graph and the catalogue, as the server sends them. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Params = Readonly<Record<string, Json>>;

export interface Point {
  x: number;
  y: number;
}

export interface GraphNode {
  id: string;
  component: string;
  version: string;
  params: Params;
  position: Point;
  label?: string;
  comment?: string;
  disabled?: boolean;
  group?: string;
  compute?: string;
  forceRerun?: boolean;
  /** Its results of this run are used as they are. */
  pinned?: { run: string };
}

export interface Wire {
  source: string;
  sourceHandle: string;
  target: string;
  targetHandle: string;
}

/** `id` is always `<target>:<targetHandle>`, so an input can hold one edge only. */
export interface GraphEdge extends Wire {
  id: string;
}

export interface GraphNote {
  id: string;
  text: string;
  position: Point;
  width: number;
  height: number;
  frame?: boolean;
  color?: string;
}

export interface GraphGroup {
  id: string;
  label: string;
  collapsed?: boolean;
}

export type ParameterType = "string" | "integer" | "number" | "boolean";

export interface PipelineParameter {
  type: ParameterType;
  default: Json;
  description?: string;
}

export interface GraphSettings {
  experiment?: string;
  default_compute?: string;
  continue_on_step_failure?: boolean;
  force_rerun?: boolean;
  description?: string;
}

export interface Graph {
  schema: 1;
  nodes: GraphNode[];
  edges: GraphEdge[];
  parameters: Record<string, PipelineParameter>;
  notes: GraphNote[];
  groups: GraphGroup[];
  settings: GraphSettings;
}

export interface PortSpec {
  name: string;
  type: string;
  label?: string;
  optional?: boolean;
  help?: string;
}

export type ParamType = "string" | "integer" | "number" | "boolean" | "enum" | "columns" | "code" | "asset";

export interface ParamSpec {
  name: string;
  type: ParamType;
  label?: string;
  default?: Json;
  min?: number | null;
  max?: number | null;
  enum?: Json[];
  optional?: boolean;
  help?: string;
  visible_when?: Record<string, Json> | null;
  single?: boolean;
  /** For type "asset": what kind of registered data it names, as the type of the step's input. */
  asset?: string;
  /** The input port whose columns it chooses from. */
  port?: string;
}

export interface Component {
  name: string;
  version: string;
  title: string;
  category: string;
  summary: string;
  doc: string;
  inputs: PortSpec[];
  outputs: PortSpec[];
  params: ParamSpec[];
  own?: boolean;
  /** Used by drafts, but not offered: it came with an imported pipeline. */
  hidden?: boolean;
  /** A pipeline component: it has an inside. */
  nested?: boolean;
  tags?: string[];
  unavailable?: string;
}

export interface AssetEntry {
  name: string;
  version: string;
  type: string;
  modified?: string;
}

export interface CatalogueJson {
  categories: string[];
  components: Component[];
  data: AssetEntry[];
  models: AssetEntry[];
  transforms: AssetEntry[];
  fits: Record<string, string[]>;
}

export interface Column {
  name: string;
  type: string;
  role?: string;
  categorical?: boolean;
}

export interface Problem {
  code: string;
  message: string;
  hint?: string;
  node?: string | null;
  port?: string | null;
  param?: string | null;
  severity: "error" | "warning" | "info";
}

export const edgeId = (target: string, port: string): string => `${target}:${port}`;
