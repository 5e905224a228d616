/** The tab shows how the page's run is: a mark before the title and a dot in the icon. */
import type { RunMessage } from "../live/live.ts";
import { lookOf } from "./status.ts";

const MARKS: Record<string, string> = { queued: "◌", running: "▶", completed: "✓", failed: "✕", reused: "✓", canceled: "–" };

/** `<main data-run="guid" data-run-status="Running">`; later statuses come with `run-changed`. */
export function startPageState(): void {
  const main = document.querySelector<HTMLElement>("main[data-run-status]");
  const guid = main?.dataset["runPage"];
  if (!main || !guid) return;
  const show = (status: string): void => showInTab(lookOf(status).kind);
  show(main.dataset["runStatus"] ?? "");
  document.body.addEventListener("run-changed", (event) => {
    const messages = (event as CustomEvent<{ messages?: RunMessage[] }>).detail.messages ?? [];
    const mine = messages.filter((message) => message.guid === guid).at(-1);
    if (mine) show(mine.status);
  });
}

let plain = "";

/** Mark the tab with how a run stands; null takes the mark away. */
export function showInTab(kind: string | null): void {
  plain ||= document.title;
  document.title = `${MARKS[kind ?? ""] ?? ""} ${plain}`.trim();
  paint(kind ?? "");
}

function paint(kind: string): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  const plain = (link.dataset["plain"] ??= link.href);
  const marked = document.querySelector<HTMLElement>("main[data-favicons]")?.dataset["favicons"];
  const names = new Set(["running", "completed", "failed"]);
  const found = marked?.split(" ").find((url) => names.has(kind) && url.includes(`favicon-${kind}`));
  link.href = found ?? plain;
}
