/** The run on a sample that the dock shows instead of the pipeline's own; gone when another port is chosen. */
import { Cell } from "../store/cell.ts";

export interface Tried {
  run: string;
  node: string;
  port?: string | undefined;
}

export const tried = new Cell<Tried | null>(null);

export function showTry(run: string, node: string, port?: string): void {
  tried.set({ run, node, port });
}
