/** A plan in words: what runs, what is reused, and why. */
import { duration } from "../../ui/format.ts";
import type { Plan, PlannedStep } from "../data/answers.ts";
import type { PlanMode, PlanRequest, SubmitRequest } from "../store/index.ts";
import type { Json } from "../../graph/types.ts";

export const MODES: Record<PlanMode, string> = {
  all: "The whole pipeline",
  to: "Up to the chosen steps",
  from: "From the chosen steps on",
  selected: "Only the chosen steps",
  retry: "Retry what failed",
};

export interface Wish {
  mode: PlanMode;
  nodes: readonly string[];
  run?: string | undefined;
  force: boolean;
  parameters: Readonly<Record<string, Json>>;
}

export function requestOf(wish: Wish): PlanRequest {
  return {
    mode: wish.mode,
    ...(wish.mode === "all" ? {} : { nodes: [...wish.nodes] }),
    ...(wish.run ? { run: wish.run } : {}),
    ...(wish.force ? { force_rerun: true } : {}),
    ...(Object.keys(wish.parameters).length ? { parameters: { ...wish.parameters } } : {}),
  };
}

export function submissionOf(wish: Wish, more: { experiment: string; name: string }): SubmitRequest {
  return { ...requestOf(wish), ...(more.experiment ? { experiment: more.experiment } : {}), ...(more.name ? { display_name: more.name } : {}) };
}

/** "4 run, 3 reused, about 12 s" */
export function summaryOf(plan: Plan): string {
  const parts = [plan.run ? `${plan.run} ${plan.run === 1 ? "step runs" : "steps run"}` : "Nothing runs", plan.reuse ? `${plan.reuse} reused` : ""];
  if (plan.run) parts.push(typeof plan.seconds === "number" ? `about ${duration(plan.seconds)}` : "time not known yet");
  return parts.filter(Boolean).join(", ");
}

export const ACTIONS: Record<PlannedStep["action"], { word: string; kind: string; glyph: string }> = {
  run: { word: "Runs", kind: "running", glyph: "player-play" },
  reuse: { word: "Reused", kind: "reused", glyph: "recycle" },
  skip: { word: "Left out", kind: "canceled", glyph: "circle-minus" },
  unknown: { word: "Not known", kind: "warning", glyph: "alert-triangle" },
};

/** A step that is left out because its results of another run are used. */
export const PINNED = { word: "Pinned", kind: "reused", glyph: "pinned" };

/** All that speaks for an action, the main reason first and no line twice; `because` may also name steps. */
export function reasonsOf(step: PlannedStep): string[] {
  const more = step.because.filter((line) => !/^[a-z][a-z0-9_]*$/.test(line));
  const lines = [step.reason, ...more].filter(Boolean).map((line) => line.replace(/^input changed: /, "changed: ").replace(/^(nothing changed since [\w-]+)\.\w+$/, "$1"));
  return [...new Set(lines)].map((line) => (line[0]!.toUpperCase() + line.slice(1)).replaceAll(" -> ", " → "));
}
