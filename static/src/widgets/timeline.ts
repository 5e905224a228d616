/** The steps of a run over time: one row a step, live. */
import { h, s } from "../ui/dom.ts";
import { duration } from "../ui/format.ts";
import { ended, lookOf, statusIcon } from "../ui/status.ts";
import type { RunMessage } from "../live/live.ts";
import { configOf, getJson } from "./mount.ts";

export interface Step {
  guid: string;
  name: string;
  status: string;
  reused?: boolean;
  start: string | null;
  end: string | null;
  url?: string;
}

export interface Bar {
  step: Step;
  left: number;
  width: number;
  seconds: number | null;
}

/** Where each step's bar lies, in percent of the time from the first start to the last end (or now). */
export function bars(steps: readonly Step[], now: number): Bar[] {
  const time = (text: string | null): number | null => (text ? Date.parse(text) : null);
  const starts = steps.map((step) => time(step.start)).filter((value) => value !== null);
  const first = Math.min(...starts);
  const last = Math.max(...steps.map((step) => time(step.end) ?? (step.start && !ended(step.status) ? now : first)));
  const span = Math.max(last - first, 1);
  return steps.map((step) => {
    const start = time(step.start);
    if (start === null) return { step, left: 0, width: 0, seconds: null };
    const end = time(step.end) ?? Math.max(now, start);
    return { step, left: ((start - first) / span) * 100, width: ((end - start) / span) * 100, seconds: (end - start) / 1000 };
  });
}

export function timeline(element: HTMLElement): () => void {
  let steps: Step[] = configOf<{ steps: Step[] }>(element)?.steps ?? [];
  const url = element.dataset["url"];
  const draw = (): void => {
    // Rebuilding the rows must not take the focus away.
    const focused = element.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["guid"] : undefined;
    element.replaceChildren(...framed(element.classList.contains("card") ? element.dataset["title"] : undefined, legend(steps), rows(steps)));
    if (focused) element.querySelector<HTMLElement>(`[data-guid="${CSS.escape(focused)}"]`)?.focus();
  };
  const read = async (): Promise<void> => {
    if (!url) return;
    try {
      steps = (await getJson<{ steps: Step[] }>(url)).steps;
      draw();
    } catch {
      // The next message tries again.
    }
  };
  const onRun = (event: Event): void => {
    const { messages } = (event as CustomEvent<{ messages: RunMessage[] }>).detail;
    if (url) return void read();
    for (const message of messages) {
      const step = steps.find((one) => one.guid === message.guid);
      if (!step) continue;
      step.status = message.status;
      step.reused = message.reused ?? false;
      const now = new Date().toISOString();
      if (["Preparing", "Running"].includes(step.status)) step.start ??= now;
      if (ended(step.status)) step.end ??= now;
    }
    draw();
  };
  draw();
  if (!steps.length) void read();
  document.body.addEventListener("run-changed", onRun);
  const tick = setInterval(() => {
    if (!document.hidden && steps.some((step) => step.start && !ended(step.status))) draw();
  }, 1000);
  return () => {
    clearInterval(tick);
    document.body.removeEventListener("run-changed", onRun);
  };
}

/** On a card the widget is its whole content, as charts are. */
function framed(title: string | undefined, keys: HTMLElement, list: HTMLElement): HTMLElement[] {
  if (!title) return [keys, list];
  const head = h("div", { class: "card-head" }, h("h2", {}, title), h("span", { class: "end" }, keys));
  return [head, h("div", { class: "card-body" }, list)];
}

function legend(steps: readonly Step[]): HTMLElement {
  const looks = new Map(steps.filter((step) => step.start || step.reused).map((step) => [lookOf(step.status, step.reused).kind, lookOf(step.status, step.reused).word]));
  return h("div", { class: "timeline-legend", "aria-hidden": "true" }, ...[...looks].map(([kind, word]) => h("span", { class: `timeline-key is-${kind}` }, word.toLowerCase())));
}

function rows(steps: readonly Step[]): HTMLElement {
  const made = bars(steps, Date.now()).map((bar) => {
    const { step } = bar;
    const look = lookOf(step.status, step.reused);
    const name = step.url ? h("a", { href: step.url, "data-guid": step.guid, class: "truncate" }, step.name) : h("span", { class: "truncate" }, step.name);
    const words = step.reused ? "reused" : duration(bar.seconds);
    const track = s("svg", { class: "timeline-track", "aria-hidden": "true" });
    for (const x of [25, 50, 75]) track.append(s("line", { x1: `${x}%`, x2: `${x}%`, y1: 0, y2: "100%" }));
    if (bar.seconds !== null || step.reused) {
      const width = Math.max(bar.width, 0.8);
      track.append(s("rect", { class: `is-${look.kind}`, x: `${Math.min(bar.left, 99.2)}%`, y: 5, width: `${width}%`, height: 10, rx: 2 }));
    }
    return h(
      "li",
      { class: `timeline-row${step.start || step.reused ? "" : " is-waiting"}` },
      statusIcon(step.status, step.reused),
      name,
      h("span", { class: "visually-hidden" }, look.word),
      track,
      h("span", { class: "timeline-time" }, words),
    );
  });
  return h("ul", { class: "timeline-rows" }, ...made);
}
