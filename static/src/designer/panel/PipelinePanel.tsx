/** Nothing is selected: the pipeline itself, its parameters and how it runs. */
import { useEffect, useId, useRef, useState } from "react";
import { toast } from "../../ui/toast.ts";
import { wordsOf } from "../data/asking.ts";
import { useComputes } from "../data/computes.ts";
import { useExperiments } from "../data/experiments.ts";
import { Icon } from "../data/parts.tsx";
import { useDesigner, useNodes, useSettings, useUi, useWritable } from "../store/index.ts";
import { ParametersEditor } from "./ParametersEditor.tsx";

export function PipelinePanel() {
  const nodes = useNodes();
  const { ui } = useDesigner();
  const body = useRef<HTMLDivElement>(null);
  const wanted = useUi("focusParam");
  useEffect(() => {
    if (!wanted) return;
    const field = body.current?.querySelector<HTMLElement>(`[data-parameter="${CSS.escape(wanted)}"] input`);
    if (field) field.focus();
    ui.set({ focusParam: null });
  }, [wanted, ui]);
  return (
    <div className="p-panel">
      <header className="p-head p-head-plain">
        <div className="p-title">
          <span className="p-tile tile-dataset" aria-hidden="true">
            <Icon icon="sitemap" />
          </span>
          <div className="p-title-text">
            <h2>Pipeline</h2>
            <span className="secondary">{nodes.size === 1 ? "1 step" : `${nodes.size} steps`}</span>
          </div>
        </div>
      </header>
      <div className="p-body" ref={body}>
        <PipelineForm />
      </div>
    </div>
  );
}

/** Name, parameters and run settings; in the panel and in a dialog of its own. */
export function PipelineForm() {
  const id = useId();
  return (
    <>
      <div className="p-form">
        <NameAndText />
      </div>
      <section className="p-section is-fixed" aria-labelledby={`${id}-parameters`}>
        <div className="p-section-head">
          <h3 id={`${id}-parameters`}>Parameters</h3>
        </div>
        <ParametersEditor />
      </section>
      <section className="p-section is-fixed" aria-labelledby={`${id}-settings`}>
        <div className="p-section-head">
          <h3 id={`${id}-settings`}>Run settings</h3>
        </div>
        <Settings />
      </section>
    </>
  );
}

interface About {
  name: string;
  description: string;
}

function NameAndText() {
  const { api, config } = useDesigner();
  const writable = useWritable();
  const id = useId();
  const saved = useRef<About>({ name: config.name, description: "" });
  const [about, setAbout] = useState<About>(saved.current);
  useEffect(() => {
    api.draft().then(
      ({ name, description }) => setAbout((saved.current = { name, description })),
      () => undefined,
    );
  }, [api]);
  const save = (key: keyof About): void => {
    const value = about[key].trim();
    if (value === saved.current[key] || (key === "name" && !value)) return setAbout(saved.current);
    api.patch("", { [key]: value }).then(
      () => {
        saved.current = { ...saved.current, [key]: value };
        if (key === "name") showName(value);
      },
      (error: unknown) => toast(wordsOf(error), "error"),
    );
  };
  return (
    <>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor={`${id}-name`}>Name</label>
        </div>
        <input id={`${id}-name`} className="form-control" value={about.name} disabled={!writable} maxLength={255} onChange={(event) => setAbout({ ...about, name: event.target.value })} onBlur={() => save("name")} onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()} />
      </div>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor={`${id}-text`}>Description</label>
        </div>
        <textarea id={`${id}-text`} className="form-control" rows={3} value={about.description} disabled={!writable} placeholder="What this pipeline is for" onChange={(event) => setAbout({ ...about, description: event.target.value })} onBlur={() => save("description")} />
      </div>
    </>
  );
}

/** The name stands in the page's head too, and in its title. */
function showName(name: string): void {
  const crumb = document.getElementById("designer-crumb");
  if (crumb) crumb.textContent = name;
  document.title = document.title.replace(/^[^·]*/, `${name} `);
  document.dispatchEvent(new CustomEvent("pipeline-renamed", { detail: { name } }));
}

function Settings() {
  const { draft, ui } = useDesigner();
  const settings = useSettings();
  const writable = useWritable();
  const computes = useComputes();
  const experiments = useExperiments();
  const id = useId();
  return (
    <>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor={`${id}-experiment`}>Experiment</label>
        </div>
        <input id={`${id}-experiment`} className="form-control" list={`${id}-experiments`} disabled={!writable} value={settings.experiment ?? ""} placeholder="The pipeline's name" onChange={(event) => draft.setSetting("experiment", event.target.value || undefined)} />
        <datalist id={`${id}-experiments`}>
          {experiments.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div className="p-help">Groups the runs of this pipeline</div>
      </div>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor={`${id}-compute`}>Default compute</label>
        </div>
        <div className="p-select-icon">
          <Icon icon="server-2" />
          <select id={`${id}-compute`} className="form-select" disabled={!writable} value={settings.default_compute ?? ""} onChange={(event) => draft.setSetting("default_compute", event.target.value || undefined)}>
            <option value="">{computes[0] ? `First that is free (${computes[0]})` : "First that is free"}</option>
            {[...new Set([...computes, ...(settings.default_compute ? [settings.default_compute] : [])])].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
      </div>
      <Switch id={`${id}-continue`} label="Continue on step failure" help="Steps that do not need the failed one still run" disabled={!writable} on={settings.continue_on_step_failure ?? false} onChange={(on) => draft.setSetting("continue_on_step_failure", on || undefined)} />
      <Switch id={`${id}-reuse`} label="Reuse results" help="Steps whose inputs and settings are unchanged are skipped" disabled={!writable} on={!settings.force_rerun} onChange={(on) => draft.setSetting("force_rerun", on ? undefined : true)} />
      <div className="p-buttons">
        <button type="button" className="btn btn-sm" onClick={() => ui.openDialog({ kind: "versions" })}>
          <Icon icon="versions" />
          Versions
        </button>
        <button type="button" className="btn btn-sm" onClick={() => ui.openDialog({ kind: "comments", node: null })}>
          <Icon icon="messages" />
          Discussion
        </button>
        <button type="button" className="btn btn-sm" onClick={() => ui.openDialog({ kind: "publish" })}>
          <Icon icon="rocket" />
          Publish
        </button>
      </div>
    </>
  );
}

function Switch({ id, label, help, on, disabled, onChange }: { id: string; label: string; help: string; on: boolean; disabled: boolean; onChange: (on: boolean) => void }) {
  return (
    <div className="p-field is-switch">
      <div className="p-label">
        <label htmlFor={id}>{label}</label>
        <input id={id} type="checkbox" role="switch" className="switch" checked={on} disabled={disabled} aria-describedby={`${id}-help`} onChange={(event) => onChange(event.target.checked)} />
      </div>
      <div className="p-help" id={`${id}-help`}>
        {help}
      </div>
    </div>
  );
}
