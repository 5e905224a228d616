/** A status as look, icon and word, as `studio/lib/templatetags/ui.py` writes it. */
import { h, icon } from "./dom.ts";

export interface Look {
  kind: "queued" | "running" | "completed" | "failed" | "reused" | "canceled";
  word: string;
  glyph: () => SVGSVGElement;
}

const clock = (): SVGSVGElement => icon("clock");
const spinner = (): SVGSVGElement => icon("loader-2");
const ban = (): SVGSVGElement => icon("ban");

const LOOKS: Record<string, Look> = {
  NotStarted: { kind: "queued", word: "Not started", glyph: () => icon("circle-dashed") },
  Queued: { kind: "queued", word: "Queued", glyph: clock },
  Preparing: { kind: "running", word: "Preparing", glyph: spinner },
  Running: { kind: "running", word: "Running", glyph: spinner },
  Finalizing: { kind: "running", word: "Finalizing", glyph: spinner },
  Completed: { kind: "completed", word: "Completed", glyph: () => icon("circle-check-filled") },
  Failed: { kind: "failed", word: "Failed", glyph: () => icon("circle-x-filled") },
  CancelRequested: { kind: "canceled", word: "Canceling", glyph: ban },
  Canceled: { kind: "canceled", word: "Canceled", glyph: ban },
  Reused: { kind: "reused", word: "Reused", glyph: () => icon("recycle") },
};

export function lookOf(status: string, reused = false): Look {
  return LOOKS[reused && status === "Completed" ? "Reused" : status] ?? LOOKS["NotStarted"]!;
}

export const ended = (status: string): boolean => ["Completed", "Failed", "Canceled"].includes(status);

export function statusIcon(status: string, reused = false): SVGSVGElement {
  const look = lookOf(status, reused);
  const made = look.glyph();
  made.classList.add("status-icon", `status-${look.kind}`);
  return made;
}

export function statusPill(status: string, reused = false): HTMLElement {
  const look = lookOf(status, reused);
  return h("span", { class: `pill pill-${look.kind}` }, look.glyph(), look.word);
}
