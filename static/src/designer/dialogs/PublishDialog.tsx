/** Publish the draft behind an endpoint: which name, which version, what callers may set. */
import { useState } from "react";
import { copyText } from "../../ui/shell.ts";
import { listOf, type Listed } from "../data/answers.ts";
import { useAsked, wordsOf } from "../data/asking.ts";
import { Icon, Modal, Note } from "../data/parts.tsx";
import { shown } from "../panel/values.ts";
import { useDesigner, useNodes, useParameters } from "../store/index.ts";

interface Endpoint {
  name: string;
  default_version: string | null;
  versions: number;
}

interface Published {
  name?: string;
  version: string;
  endpoint?: string | { name: string; submit_url?: string; url?: string };
  submit_url?: string;
  url?: string;
}

export function PublishDialog({ onClose }: { onClose: () => void }) {
  const { api, config } = useDesigner();
  const parameters = useParameters();
  const pinned = [...useNodes().values()].filter((node) => node.pinned && !node.disabled).length;
  const [name, setName] = useState(nameFrom(config.name));
  const [version, setVersion] = useState("");
  const [text, setText] = useState("");
  const [offered, setOffered] = useState<ReadonlySet<string>>(new Set(parameters.keys()));
  const [isDefault, setDefault] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const [made, setMade] = useState<Published | null>(null);
  const [isBusy, setBusy] = useState(false);
  const endpoints = useAsked("endpoints", (signal) => api.get<Listed<Endpoint>>("pipeline-endpoints?page_size=200", signal)).answer;
  const known = endpoints ? listOf(endpoints) : [];
  const existing = known.find((endpoint) => endpoint.name.toLowerCase() === name.trim().toLowerCase());
  const publish = (): void => {
    setBusy(true);
    setError(null);
    api.post<Published>("/publish", { name: name.trim(), version, description: text, parameters: [...offered], make_default: isDefault }).then(setMade, (problem: unknown) => setError(wordsOf(problem))).finally(() => setBusy(false));
  };
  if (made) return <Done made={made} name={name.trim()} onClose={onClose} />;
  return (
    <Modal
      title="Publish"
      onClose={onClose}
      foot={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="btn btn-primary" disabled={!name.trim() || isBusy || !config.canPublish} onClick={publish}>
            <Icon icon="rocket" />
            {isBusy ? "Publishing…" : "Publish"}
          </button>
        </>
      }
    >
      <p className="secondary">Programs run it by the endpoint’s address, which stays when you publish again. What is published never changes.</p>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-endpoint">Endpoint</label>
        </div>
        <input id="n-endpoint" className="form-control" list="n-endpoints" value={name} onChange={(event) => setName(event.target.value)} />
        <datalist id="n-endpoints">
          {known.map((endpoint) => (
            <option key={endpoint.name} value={endpoint.name} />
          ))}
        </datalist>
        <div className="p-help">{existing ? `Adds a version; ${existing.default_version ?? "none"} is its default now` : "A new endpoint"}</div>
      </div>
      <div className="n-two">
        <div className="p-field">
          <div className="p-label">
            <label htmlFor="n-version">Version</label>
          </div>
          <input id="n-version" className="form-control" value={version} placeholder="The next number" maxLength={60} onChange={(event) => setVersion(event.target.value)} />
        </div>
        <label className="check n-check-line">
          <input type="checkbox" checked={isDefault} disabled={!existing} onChange={(event) => setDefault(event.target.checked)} />
          Becomes the default
        </label>
      </div>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-published-text">Description</label>
        </div>
        <textarea id="n-published-text" className="form-control" rows={2} value={text} onChange={(event) => setText(event.target.value)} />
      </div>
      <fieldset className="n-values">
        <legend>Parameters that callers may set</legend>
        {!parameters.size && <p className="secondary">The pipeline has no parameters; bind some in the panel to let callers vary a run.</p>}
        {[...parameters].map(([each, parameter]) => (
          <label key={each} className="check n-offered">
            <input type="checkbox" checked={offered.has(each)} onChange={(event) => setOffered(new Set(event.target.checked ? [...offered, each] : [...offered].filter((other) => other !== each)))} />
            <span className="mono">{each}</span>
            <span className="secondary p-end">
              {parameter.type}, default {shown(parameter.default)}
            </span>
          </label>
        ))}
      </fieldset>
      {pinned > 0 && (
        <Note kind="info">
          {pinned === 1 ? "One step is pinned" : `${pinned} steps are pinned`} to an earlier run. Pins are for working on the draft: what is published computes everything.
        </Note>
      )}
      {!config.canPublish && <Note kind="warning">Your role may not publish. Ask an owner of the workspace for the role Contributor.</Note>}
      {error && <Note kind="error">{error}</Note>}
    </Modal>
  );
}

function Done({ made, name, onClose }: { made: Published; name: string; onClose: () => void }) {
  const { api, config } = useDesigner();
  const address = made.submit_url ?? `${location.origin}${api.base}pipeline-endpoints/${encodeURIComponent(name)}/submit`;
  const call = `curl -X POST ${address} \\\n  -H "Authorization: Bearer $OFFICINA_TOKEN" -H "Content-Type: application/json" \\\n  -d '{"ExperimentName": "${name}", "ParameterAssignments": {}}'`;
  return (
    <Modal
      title="Published"
      onClose={onClose}
      foot={
        <>
          <button type="button" className="btn p-start" onClick={() => void copyText(call)}>
            <Icon icon="copy" />
            Copy the call
          </button>
          <a className="btn btn-primary" href={`/w/${encodeURIComponent(config.workspace)}/endpoints/pipelines/${encodeURIComponent(name)}/`}>
            Open the endpoint
          </a>
        </>
      }
    >
      <Note kind="success">
        {name} has version {made.version}.
      </Note>
      <pre className="n-call" tabIndex={0} aria-label="How to call it">
        {call}
      </pre>
    </Modal>
  );
}

export const nameFrom = (title: string): string => title.trim().toLowerCase().replace(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+|-+$/g, "") || "pipeline";
