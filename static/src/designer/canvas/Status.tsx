import { useEffect, useState } from "react";
import { duration } from "../../ui/format.ts";
import { ended, lookOf } from "../../ui/status.ts";
import { Icon } from "../app/Icon.tsx";
import type { NodeRun } from "../store/runs.ts";

const ICONS: Record<string, string> = {
  queued: "clock",
  running: "loader-2",
  completed: "circle-check-filled",
  failed: "circle-x-filled",
  reused: "recycle",
  canceled: "ban",
};

/** Seconds that count on while something runs. */
export function useElapsed(seconds: number | null | undefined, at: number | undefined, running: boolean): number | null {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
  if (seconds === null || seconds === undefined) return null;
  return running && at ? seconds + (Date.now() - at) / 1000 : seconds;
}

/** What is left of a running step: by its progress, else by how long it takes as a rule; null when nobody knows. */
export function leftOf(run: NodeRun, elapsed: number | null): number | null {
  if (elapsed === null) return null;
  if (run.progress && run.progress > 0.02) return (elapsed * (1 - run.progress)) / run.progress;
  return run.expected === undefined ? null : run.expected - elapsed;
}

/** "about 8 s left" */
export const leftText = (left: number | null): string => (left === null ? "" : left > 0.5 ? `about ${left < 60 ? `${Math.ceil(left)} s` : duration(left)} left` : "longer than usual");

/** The second line of a running step, which counts down. */
export function RunningLine({ run }: { run: NodeRun }) {
  const elapsed = useElapsed(run.seconds, run.at, true);
  return <>{[run.progress_text, leftText(leftOf(run, elapsed))].filter(Boolean).join(" · ")}</>;
}

export function StatusIcon({ status, reused }: { status: string; reused: boolean }) {
  const { kind } = lookOf(status, reused);
  return <Icon icon={status === "NotStarted" ? "circle-dashed" : (ICONS[kind] ?? "clock")} className={`status-icon status-${kind}`} />;
}

/** Icon over time at the right of a node. */
export function NodeStatus({ run }: { run: NodeRun }) {
  const { kind } = lookOf(run.status, run.reused);
  const running = kind === "running";
  const seconds = useElapsed(run.seconds, run.at, running);
  return (
    <span className={`d-node-end status-${kind}`}>
      {run.stale && ended(run.status) ? <Icon icon="alert-triangle" className="status-icon status-warning" /> : <StatusIcon status={run.status} reused={run.reused} />}
      {!(run.reused && !seconds) && kind !== "queued" && seconds !== null && <span>{duration(seconds)}</span>}
    </span>
  );
}
