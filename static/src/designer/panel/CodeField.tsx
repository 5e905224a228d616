/** Code as a parameter: an editor with the upstream columns, a check as one types, a run on a sample, a diff. */
import { useEffect, useRef, useState } from "react";
import type { Column, Component, GraphNode, Json } from "../../graph/types.ts";
import { codeDiff, codeEditor, type CodeEditor, type CodeName, type CodeProblem } from "../../widgets/code.ts";
import { useAsked } from "../data/asking.ts";
import { Hosted, Icon, IconButton, Modal, Note } from "../data/parts.tsx";
import { useDesigner, useEdges, useRunOverlay } from "../store/index.ts";
import type { ControlProps } from "./controls.tsx";
import { TryRun } from "./TryRun.tsx";
import { languageOf } from "./values.ts";

const CHECKED = new Set(["python", "sql", "json"]);

type Props = ControlProps & { node: GraphNode; component: Component };

export function CodeField(props: Props) {
  const { spec, node } = props;
  const [isWide, setWide] = useState(false);
  const [isDiff, setDiff] = useState(false);
  const [tries, setTries] = useState(0);
  const ran = useRunOverlay(node.id);
  const code = typeof props.value === "string" ? props.value : "";
  const canTry = !props.disabled && /script|sql|python|_r_/.test(node.component);
  return (
    <div className="p-code-field">
      <div className="p-code-tools">
        {canTry && (
          <button type="button" className="btn btn-sm" title="Run this code on the first rows of its inputs (Ctrl+Enter)" onClick={() => setTries(tries + 1)}>
            <Icon icon="player-play" />
            Run on a sample
          </button>
        )}
        <button type="button" className="btn btn-sm btn-ghost" aria-pressed={isDiff} disabled={!ran?.run} title={ran?.run ? "What changed since the last run" : "It has not run yet"} onClick={() => setDiff(!isDiff)}>
          <Icon icon="arrows-diff" />
          Diff to last run
        </button>
        <IconButton icon="arrows-maximize" label="Edit in a large window" className="p-end" onClick={() => setWide(true)} />
      </div>
      {isDiff && ran?.run ? <DiffToRun {...props} run={ran.run} code={code} /> : <Editor {...props} code={code} className="p-code" onRun={() => canTry && setTries((now) => now + 1)} />}
      {tries > 0 && <TryRun key={tries} node={node} code={code} />}
      {isWide && (
        <Modal wide title={`${spec.label || spec.name} of ${node.label || props.component.title}`} onClose={() => setWide(false)} foot={<span className="muted p-start">Ctrl+F searches · Ctrl+Space completes column names · Esc, then Tab leaves the editor</span>}>
          <Editor {...props} code={code} className="p-code p-code-wide" onRun={() => canTry && setTries((now) => now + 1)} />
          {tries > 0 && <TryRun key={tries} node={node} code={code} />}
        </Modal>
      )}
    </div>
  );
}

function Editor({ node, component, spec, code, disabled, className, onRun, onChange }: Props & { code: string; className: string; onRun: () => void }) {
  const { api } = useDesigner();
  const editor = useRef<CodeEditor | null>(null);
  const tables = useTables(node.id);
  const language = languageOf(component.name, spec);
  const live = useRef({ onChange, onRun, tables });
  live.current = { onChange, onRun, tables };
  useEffect(() => editor.current?.set(code), [code]);
  const lint = async (text: string): Promise<readonly CodeProblem[]> => {
    const tables = Object.fromEntries([...live.current.tables()].map(([port, columns]) => [port, columns.map((column) => column.name)]));
    try {
      return (await api.post<{ problems: CodeProblem[] }>("designer/lint", { language, code: text, component: component.name, tables })).problems;
    } catch {
      return []; // the check on the server says it again, with the others
    }
  };
  const mount = (host: HTMLElement): (() => void) => {
    let gone = false;
    host.classList.add("is-loading");
    void codeEditor(host, {
      value: code,
      label: spec.label || spec.name,
      language,
      readOnly: disabled,
      names: () => namesOf(live.current.tables()),
      onChange: (text) => live.current.onChange(text as Json),
      onRun: () => live.current.onRun(),
      ...(CHECKED.has(language) ? { lint: (text: string) => lint(text) } : {}),
    }).then((made) => {
      host.classList.remove("is-loading");
      if (gone) made.stop();
      else editor.current = made;
    });
    return () => {
      gone = true;
      editor.current?.stop();
      editor.current = null;
    };
  };
  return <Hosted className={className} mount={mount} />;
}

/** The tables that arrive at a step by port, as far as their columns are known; read anew at each use. */
function useTables(node: string): () => ReadonlyMap<string, readonly Column[]> {
  const { columns } = useDesigner();
  const edges = useEdges();
  return () => {
    const found = new Map<string, readonly Column[]>();
    for (const edge of edges.values()) {
      const known = edge.target === node ? columns.get(`${edge.source}:${edge.sourceHandle}`) : null;
      if (known) found.set(edge.targetHandle, known);
    }
    return found;
  };
}

const namesOf = (tables: ReadonlyMap<string, readonly Column[]>): CodeName[] => {
  const found = new Map([...tables.values()].flat().map((column) => [column.name, column.categorical ? "category" : column.type]));
  return [...found].map(([name, detail]) => ({ name, detail }));
};

interface RunDocument {
  document?: { jobs?: Record<string, { inputs?: Record<string, { value?: Json }> }>; inputs?: Record<string, { value?: Json }>; params?: Record<string, Json> };
  params?: Record<string, Json>;
}

function DiffToRun({ spec, component, run, code }: Props & { run: string; code: string }) {
  const { api } = useDesigner();
  const { answer, error } = useAsked(`code of ${run}`, (signal) => api.get<RunDocument>(`runs/${run}`, signal));
  if (error) return <Note kind="error">{error}</Note>;
  if (!answer) return <div className="skeleton p-code" />;
  const before = answer.document?.inputs?.[spec.name]?.value ?? answer.params?.[spec.name] ?? spec.default ?? "";
  if (String(before) === code) return <p className="p-same">The code is the same as in the last run.</p>;
  const mount = (host: HTMLElement): (() => void) => {
    let stop: (() => void) | null = null;
    let gone = false;
    void codeDiff(host, { before: String(before), after: code, language: languageOf(component.name, spec), label: `Changes of ${spec.label || spec.name}` }).then((made) => (gone ? made() : (stop = made)));
    return () => {
      gone = true;
      stop?.();
    };
  };
  return <Hosted key={code} className="p-code" mount={mount} />;
}
