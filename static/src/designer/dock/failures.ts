/** From a failure to the line of the log that tells it. */
import type { NodeError } from "../store/index.ts";

/** The line of the log, counted from 1, if the server knows it. */
export function lineOf(error: NodeError): number | null {
  const line = (error as NodeError & { line?: number }).line;
  return typeof line === "number" && line > 0 ? line : null;
}

/** The log widget goes where the address says. */
export function openLine(line: number): void {
  const url = new URL(location.href);
  url.hash = `L${line}`;
  const isSame = location.hash === url.hash;
  history.replaceState(history.state, "", url);
  dispatchEvent(new HashChangeEvent("hashchange"));
  if (isSame) document.querySelector<HTMLElement>(".log-lines")?.focus();
}
