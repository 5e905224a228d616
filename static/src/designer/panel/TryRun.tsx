/** A short real job that runs a script on the first rows of its inputs, and what came of it. */
import { useEffect, useState } from "react";
import type { GraphNode } from "../../graph/types.ts";
import { duration } from "../../ui/format.ts";
import { ended } from "../../ui/status.ts";
import { wordsOf } from "../data/asking.ts";
import { Note, Pill } from "../data/parts.tsx";
import { listOf, type Listed } from "../data/answers.ts";
import { useDesigner, type Api, type RunAnswer } from "../store/index.ts";
import { showTry } from "../data/trying.ts";

interface TriedRun extends RunAnswer {
  seconds?: number | null;
  error?: { message?: string; where?: string; hint?: string } | null;
  outputs?: Record<string, unknown>;
}

const POLL = 700;

/** A try is a pipeline of one step; what people want to see is the step. */
async function stepOf(api: Api, guid: string): Promise<TriedRun | null> {
  return listOf(await api.get<Listed<TriedRun>>(`runs/${guid}/children`))[0] ?? null;
}

export function TryRun({ node, code }: { node: GraphNode; code: string }) {
  const { api, ui } = useDesigner();
  const [run, setRun] = useState<TriedRun | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [asked] = useState(code);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = async (guid: string): Promise<void> => {
      const whole = await api.get<TriedRun>(`runs/${guid}`);
      const step = await stepOf(api, guid);
      if (gone) return;
      setRun(step ? { ...step, status: step.status === "Completed" ? whole.status : step.status } : whole);
      if (!ended(whole.status)) timer = setTimeout(() => void follow(guid).catch(fail), POLL);
    };
    const fail = (problem: unknown): void => void (gone || setError(wordsOf(problem)));
    api.post<TriedRun>("/try", { node: node.id, code: asked }).then((made) => {
      if (gone) return;
      setRun(made);
      void follow(made.guid).catch(fail);
    }, fail);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [api, node.id, asked]);
  if (error) return <Note kind="error">{error}</Note>;
  const done = run && ended(run.status);
  const first = Object.keys(run?.outputs ?? {})[0];
  return (
    <div className="p-try" role="status">
      <Pill status={run?.status ?? "Queued"} />
      <span className="secondary">{done ? `on a sample, ${duration(run.seconds)}` : "on a sample of its inputs"}</span>
      {run && (
        <span className="p-end">
          {done && run.status === "Completed" && first && (
            <button type="button" className="p-link" onClick={() => (showTry(run.guid, node.id, first), ui.openDock("preview"))}>
              Preview
            </button>
          )}
          <button type="button" className="p-link" onClick={() => (showTry(run.guid, node.id), ui.openDock("logs"))}>
            Log
          </button>
        </span>
      )}
      {done && run.status === "Failed" && run.error?.message && (
        <p className="p-error">
          {run.error.message} {run.error.hint}
        </p>
      )}
    </div>
  );
}
