/** Before anything runs: what would, what is reused and why, on which compute, how long; then Submit. */
import { useEffect, useMemo, useState } from "react";
import type { Json } from "../../graph/types.ts";
import { duration } from "../../ui/format.ts";
import { toast } from "../../ui/toast.ts";
import type { Plan, PlannedStep } from "../data/answers.ts";
import { useAsked, useSettled, wordsOf } from "../data/asking.ts";
import { useExperiments } from "../data/experiments.ts";
import { Icon, Modal, Note, Skeleton } from "../data/parts.tsx";
import { DefaultInput } from "../panel/ParametersEditor.tsx";
import { shown } from "../panel/values.ts";
import { useDesigner, useNodes, useParameters, useRun, useSettings, type PlanMode } from "../store/index.ts";
import { ACTIONS, MODES, PINNED, reasonsOf, requestOf, submissionOf, summaryOf, type Wish } from "./planning.ts";

interface Props {
  mode: PlanMode;
  nodes: readonly string[];
  run?: string | undefined;
  onClose: () => void;
}

export function PlanDialog({ mode: asked, nodes, run, onClose }: Props) {
  const designer = useDesigner();
  const settings = useSettings();
  const [mode, setMode] = useState(asked);
  const [force, setForce] = useState(false);
  const [values, setValues] = useState<Record<string, Json>>({});
  const [experiment, setExperiment] = useState(settings.experiment ?? "");
  const [name, setName] = useState("");
  const [isSending, setSending] = useState(false);
  const wish = useMemo<Wish>(() => ({ mode, nodes, run, force, parameters: values }), [mode, nodes, run, force, values]);
  const key = useSettled(JSON.stringify(requestOf(wish)), 250);
  const { answer: plan, error, isLoading, again } = useAsked<Plan>(key, () => designer.api.post<Plan>("/plan", JSON.parse(key)));
  const errors = plan?.problems.filter((problem) => problem.severity === "error") ?? [];
  const canSend = Boolean(plan) && !errors.length && !isSending && (plan!.run > 0 || plan!.reuse > 0);
  const send = (): void => {
    if (!canSend) return;
    setSending(true);
    designer.submit(submissionOf(wish, { experiment, name })).then(onClose, (problem: unknown) => {
      setSending(false);
      toast(wordsOf(problem), "error");
    });
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      send();
    };
    addEventListener("keydown", onKey, true);
    return () => removeEventListener("keydown", onKey, true);
  });
  const foot = (
    <>
      <span className="p-start secondary" role="status">
        {plan ? summaryOf(plan) : error ? "" : "Working out what would run…"}
      </span>
      <button type="button" className="btn" onClick={onClose}>
        Cancel
      </button>
      <button type="button" className="btn btn-primary" data-first="" aria-disabled={!canSend} onClick={send}>
        <Icon icon="player-play" />
        {isSending ? "Submitting…" : "Submit"}
        <kbd className="p-kbd">Ctrl ↵</kbd>
      </button>
    </>
  );
  return (
    <Modal wide title="Submit" onClose={onClose} foot={foot}>
      <div className="n-plan">
        <div className="n-plan-steps">
          {error && <Note kind="error" onAgain={again}>{error}</Note>}
          {errors.length > 0 && <Blocking problems={errors} onClose={onClose} />}
          {!plan && !error && <Skeleton lines={5} />}
          {plan && <Steps plan={plan} stale={isLoading} />}
        </div>
        <div className="n-plan-side">
          <Choice mode={mode} nodes={nodes} onChange={setMode} />
          <label className="check">
            <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
            Run everything anew, reuse nothing
          </label>
          <Values values={values} onChange={setValues} />
          <Naming experiment={experiment} onExperiment={setExperiment} name={name} onName={setName} />
        </div>
      </div>
    </Modal>
  );
}

function Blocking({ problems, onClose }: { problems: Plan["problems"]; onClose: () => void }) {
  const { ui } = useDesigner();
  return (
    <Note kind="error">
      <p>{problems.length === 1 ? "One problem blocks this run:" : `${problems.length} problems block this run:`}</p>
      <ul className="n-blocking">
        {problems.map((problem, at) => (
          <li key={at}>
            <button type="button" className="p-link" onClick={() => (onClose(), problem.node && ui.focusNode(problem.node, problem.port ?? ""))}>
              {problem.message}
            </button>
            {problem.hint && <span className="secondary"> {problem.hint}</span>}
          </li>
        ))}
      </ul>
    </Note>
  );
}

function Steps({ plan, stale }: { plan: Plan; stale: boolean }) {
  const nodes = useNodes();
  const place = (step: PlannedStep): number => nodes.get(step.id)?.position.y ?? 0;
  const order: PlannedStep["action"][] = ["run", "unknown", "reuse", "skip"];
  const steps = [...plan.steps].sort((a, b) => order.indexOf(a.action) - order.indexOf(b.action) || place(a) - place(b));
  return (
    <div className={stale ? "n-steps is-stale" : "n-steps"}>
      <table className="table table-dense">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Why</th>
            <th scope="col">Compute</th>
            <th scope="col" className="num">
              Expected
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <Step key={step.id} step={step} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Step({ step }: { step: PlannedStep }) {
  const { config } = useDesigner();
  const look = step.action === "skip" && step.source_run ? PINNED : ACTIONS[step.action];
  const [first = "", ...more] = reasonsOf(step);
  return (
    <tr className={step.action === "skip" ? "n-skipped" : ""}>
      <th scope="row">
        <span className="n-step">
          <span className={`pill pill-still pill-${look.kind}`}>
            <Icon icon={look.glyph} />
            {look.word}
          </span>
          <span className="n-step-title">{step.title}</span>
        </span>
      </th>
      <td>
        {step.source_run ? <a href={`/w/${encodeURIComponent(config.workspace)}/runs/${step.source_run}/`}>{first}</a> : first}
        {more.length > 0 && (
          <details className="n-more">
            <summary>{more.length} more</summary>
            <ul>
              {more.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </details>
        )}
      </td>
      <td className="secondary">{step.action === "run" ? step.compute : ""}</td>
      <td className="num">{step.action === "run" ? (typeof step.seconds === "number" ? duration(step.seconds) : "not known") : ""}</td>
    </tr>
  );
}

function Choice({ mode, nodes, onChange }: { mode: PlanMode; nodes: readonly string[]; onChange: (mode: PlanMode) => void }) {
  const { draft } = useDesigner();
  const head = useRun();
  const modes = (Object.keys(MODES) as PlanMode[]).filter((each) => each === "all" || each === mode || (each === "retry" ? head?.status === "Failed" : nodes.length > 0));
  return (
    <div className="p-field">
      <div className="p-label">
        <label htmlFor="n-mode">What runs</label>
      </div>
      <select id="n-mode" className="form-select" value={mode} onChange={(event) => onChange(event.target.value as PlanMode)}>
        {modes.map((each) => (
          <option key={each} value={each}>
            {MODES[each]}
          </option>
        ))}
      </select>
      {nodes.length > 0 && mode !== "all" && mode !== "retry" && <div className="p-help">{nodes.map((id) => draft.nameOf(id)).join(", ")}</div>}
    </div>
  );
}

function Values({ values, onChange }: { values: Readonly<Record<string, Json>>; onChange: (values: Record<string, Json>) => void }) {
  const parameters = useParameters();
  if (!parameters.size) return null;
  return (
    <fieldset className="n-values">
      <legend>Parameters of this run</legend>
      {[...parameters].map(([name, parameter]) => (
        <div key={name} className="n-value">
          <span className="mono truncate" title={parameter.description ?? name}>
            {name}
          </span>
          <DefaultInput
            name={name}
            parameter={parameter}
            disabled={false}
            value={values[name] ?? parameter.default}
            onChange={(value) => {
              const { [name]: _, ...rest } = values;
              onChange(JSON.stringify(value) === JSON.stringify(parameter.default) ? rest : { ...rest, [name]: value });
            }}
          />
          {values[name] !== undefined && <span className="p-help">default {shown(parameter.default)}</span>}
        </div>
      ))}
    </fieldset>
  );
}

function Naming({ experiment, onExperiment, name, onName }: { experiment: string; onExperiment: (value: string) => void; name: string; onName: (value: string) => void }) {
  const { config } = useDesigner();
  const experiments = useExperiments();
  return (
    <>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-experiment">Experiment</label>
        </div>
        <input id="n-experiment" className="form-control" list="n-experiments" value={experiment} placeholder={config.name} onChange={(event) => onExperiment(event.target.value)} />
        <datalist id="n-experiments">
          {experiments.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </div>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-name">Name of the run</label>
        </div>
        <input id="n-name" className="form-control" value={name} placeholder="Given by the studio" onChange={(event) => onName(event.target.value)} />
      </div>
    </>
  );
}
