/** One sentence on the run above the graph, and the same for screen readers, not too often. */
import { useEffect, useMemo, useRef } from "react";
import { announce } from "../../ui/dom.ts";
import { showInTab } from "../../ui/pagestate.ts";
import { ended, lookOf } from "../../ui/status.ts";
import { StatusIcon } from "../canvas/Status.tsx";
import { useActions } from "../commands/context.ts";
import { useCatalogue, useDesigner, useNodes, useRun, useRunNodes, useUi } from "../store/hooks.ts";
import type { RunHead } from "../store/runs.ts";
import { Icon } from "./Icon.tsx";

const SAY_EVERY = 2500;
const ORDER = ["failed", "running", "completed", "reused", "queued", "canceled"] as const;
const WORDS: Record<(typeof ORDER)[number], string> = { failed: "failed", running: "running", completed: "done", reused: "reused", queued: "waiting", canceled: "canceled" };

export function RunSummary() {
  const run = useRun();
  const states = useRunNodes();
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const overlay = useUi("overlay");
  const actions = useActions();
  const { ui } = useDesigner();
  const { text, failed, stale } = useMemo(() => {
    const byKind = new Map<string, string[]>();
    let stale = 0;
    for (const [id, state] of states) {
      const kind = state.status === "NotStarted" ? "queued" : lookOf(state.status, state.reused).kind;
      byKind.set(kind, [...(byKind.get(kind) ?? []), id]);
      if (state.stale) stale += 1;
    }
    const name = (id: string): string => {
      const node = nodes.get(id);
      return node ? (catalogue?.titleOf(node) ?? id) : id;
    };
    const parts = ORDER.flatMap((kind) => {
      const ids = byKind.get(kind);
      if (!ids) return [];
      const listed = (kind === "failed" || kind === "running") && ids.length <= 2 ? `: ${ids.map(name).join(", ")}` : "";
      return [`${ids.length} ${WORDS[kind]}${listed}`];
    });
    return { text: parts.join(", "), failed: byKind.get("failed") ?? [], stale };
  }, [states, nodes, catalogue]);
  useTab(overlay === "run" ? run : null);
  useSaid(run ? `${run.number ? `Run ${run.number}` : "Run"} ${lookOf(run.status, Boolean(run.reused)).word}. ${text}` : "");
  if (!run || overlay !== "run" || !text) return null;
  return (
    <div className={`d-summary is-${lookOf(run.status).kind}`}>
      <StatusIcon status={run.status} reused={Boolean(run.reused)} />
      <span className="d-summary-text">{text}</span>
      {stale > 0 && (
        <span className="d-summary-stale">
          <Icon icon="alert-triangle" className="icon-sm" />
          {stale} stale
        </span>
      )}
      {failed[0] && (
        <>
          <button type="button" className="btn btn-sm btn-ghost" onClick={() => (ui.focusNode(failed[0]!), ui.openDock("logs"))}>
            Show
          </button>
          <button type="button" className="btn btn-sm btn-ghost" onClick={() => actions.plan("retry")}>
            Retry
          </button>
        </>
      )}
    </div>
  );
}

/** The tab tells how a run stands that went while the page was open. */
function useTab(run: RunHead | null): void {
  const { started } = useDesigner();
  const status = run?.status ?? "";
  useEffect(() => {
    if (run && !ended(run.status)) started.add(run.guid);
    showInTab(run && started.has(run.guid) ? lookOf(run.status, Boolean(run.reused)).kind : null);
  }, [run?.guid, status]);
}

/** Say the newest sentence, at most one in a while. */
function useSaid(sentence: string): void {
  const last = useRef({ said: "", at: 0 });
  useEffect(() => {
    if (!sentence || sentence === last.current.said) return;
    if (!last.current.said) {
      last.current.said = sentence; // what was there when the page opened is no news
      return;
    }
    const wait = Math.max(0, last.current.at + SAY_EVERY - Date.now());
    const timer = setTimeout(() => {
      last.current = { said: sentence, at: Date.now() };
      announce(sentence);
    }, wait);
    return () => clearTimeout(timer);
  }, [sentence]);
}
