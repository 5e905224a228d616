/** Ctrl+F: finds modules by words and filters; Enter goes from one to the next. */
import { useEffect, useMemo, useRef, useState } from "react";
import { FILTERS, parseQuery, type Findable } from "../../graph/find.ts";
import { summaryOf, textOf } from "../../graph/summary.ts";
import { Icon } from "../app/Icon.tsx";
import { useActions } from "../commands/context.ts";
import { lookOf } from "../../ui/status.ts";
import { useCatalogue, useDesigner, useNodes, useProblems, useRunNodes, useSettings, useUi } from "../store/hooks.ts";

export function FindBar() {
  return useUi("layer")?.kind === "find" ? <Bar /> : null;
}

export function useFindables(): readonly Findable[] {
  const nodes = useNodes();
  const runs = useRunNodes();
  const catalogue = useCatalogue();
  const problems = useProblems();
  const { default_compute: usual } = useSettings();
  return useMemo(() => {
    const counts = new Map<string, number>();
    for (const { node } of problems) if (node) counts.set(node, (counts.get(node) ?? 0) + 1);
    return [...nodes.values()].map((node): Findable => {
      const component = catalogue?.of(node);
      const run = runs.get(node.id);
      return {
        id: node.id,
        title: node.label || component?.title || node.component,
        component: node.component,
        category: component?.category ?? "",
        tags: component?.tags ?? [],
        values: `${summaryOf(node, component, catalogue)} ${Object.entries(node.params).map(([name, value]) => `${name} ${textOf(value)}`).join(" ")}`,
        comment: node.comment ?? "",
        status: run ? lookOf(run.status, run.reused).word : "",
        compute: node.compute ?? usual ?? "",
        seconds: run?.seconds ?? null,
        reused: run?.reused ?? false,
        stale: run?.stale ?? false,
        disabled: Boolean(node.disabled),
        problems: counts.get(node.id) ?? 0,
      };
    });
  }, [nodes, runs, catalogue, problems, usual]);
}

function Bar() {
  const { ui } = useDesigner();
  const actions = useActions();
  const [text, setText] = useState("");
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const all = useFindables();
  const { found, unknown } = useMemo(() => {
    if (!text.trim()) return { found: [], unknown: [] };
    const query = parseQuery(text);
    return { found: all.filter(query.test), unknown: query.unknown };
  }, [all, text]);
  useEffect(() => {
    ui.set({ highlight: new Set(found.map((one) => one.id)), highlightKind: "path" });
  }, [found, ui]);
  useEffect(() => () => ui.set({ highlight: new Set() }), [ui]);
  const go = (step: number): void => {
    if (!found.length) return;
    const next = (at + step + found.length) % found.length;
    setAt(next);
    ui.focusNode(found[next]!.id);
  };
  const close = (): void => {
    ui.closeLayer();
    actions.canvas?.focus([...ui.selection.get()][0] ?? null);
  };
  const words = !text.trim() ? "" : found.length ? (at >= 0 ? `${Math.min(at, found.length - 1) + 1} of ${found.length}` : `${found.length} found`) : "None found";
  return (
    <search className="d-find">
      <label className="d-search">
        <Icon icon="search" />
        <input
          ref={input}
          autoFocus
          type="search"
          aria-label="Find in the pipeline"
          placeholder="Name, type, value, or runStatus=failed"
          list="d-find-filters"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(-1);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") go(event.shiftKey ? -1 : at < 0 ? 1 : 1);
            else if (event.key === "Escape") close();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
      </label>
      <datalist id="d-find-filters">
        {FILTERS.map((name) => (
          <option key={name} value={`${name}=`} />
        ))}
      </datalist>
      <span className="d-find-count" role="status">
        {words}
        {unknown.length > 0 && ` · no filter “${unknown[0]}”`}
      </span>
      <button type="button" className="btn btn-icon btn-sm" aria-label="Previous" onClick={() => go(-1)}>
        <Icon icon="chevron-up" />
      </button>
      <button type="button" className="btn btn-icon btn-sm" aria-label="Next" onClick={() => go(1)}>
        <Icon icon="chevron-down" />
      </button>
      <button type="button" className="btn btn-sm" disabled={!found.length} onClick={() => ui.select(found.map((one) => one.id))}>
        Select all
      </button>
      <button type="button" className="btn btn-icon btn-sm" aria-label="Close" onClick={close}>
        <Icon icon="x" />
      </button>
    </search>
  );
}
