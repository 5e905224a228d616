/** Where the data of an output port is, in the run that lies over the draft. */
import type { Component } from "../../graph/types.ts";
import { grouped } from "../../ui/format.ts";
import type { Api, NodeRun } from "../store/index.ts";
import type { Preview, TablePreview } from "./answers.ts";

export interface PortRun {
  run: string;
  port: string;
}

export const outputPath = ({ run, port }: PortRun, rest: string): string => `runs/${encodeURIComponent(run)}/outputs/${encodeURIComponent(port)}/${rest}`;

export const FIRST_ROWS = 100;
export const FIRST_COLUMNS = 100;

/** The first window with the profile of its columns; schema names all the others. */
export function previewOf(api: Api, at: PortRun, signal?: AbortSignal): Promise<Preview> {
  return api.get<Preview>(outputPath(at, `preview?rows=${FIRST_ROWS}&columns=0:${FIRST_COLUMNS}`), signal);
}

export function cellsOf(api: Api, at: PortRun, firstRow: number, rows: number, firstColumn: number, columns: number): Promise<unknown[][]> {
  return api.get<TablePreview>(outputPath(at, `preview?start=${firstRow}&rows=${rows}&columns=${firstColumn}:${firstColumn + columns}&profile=0`)).then((answer) => answer.data);
}

export function sizeText(size: { rows?: number | null; columns?: number | null } | undefined): string {
  if (typeof size?.rows !== "number") return "";
  return typeof size.columns === "number" ? `${grouped(size.rows)} × ${grouped(size.columns)}` : `${grouped(size.rows)} rows`;
}

/** "Split Data · Results dataset 1" */
export function portLabel(component: Component | undefined, port: string): string {
  const found = component?.outputs.find((each) => each.name === port);
  return found?.label || port;
}

/** Which run's output stands at a port; that of a pipeline component is one of its steps'. */
export function portRun(run: Partial<NodeRun> | undefined, port: string): PortRun | null {
  const at = run?.outputs?.[port];
  const guid = at?.run ?? run?.run;
  return guid ? { run: guid, port: at?.port ?? port } : null;
}

export const hasOutput = (run: NodeRun | undefined): boolean => Boolean(run?.run) && run?.status === "Completed";
