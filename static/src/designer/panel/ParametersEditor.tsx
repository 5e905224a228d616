/** The pipeline's own parameters: name, type, default, what is bound to them. */
import { useState } from "react";
import type { Json, ParameterType, PipelineParameter } from "../../graph/types.ts";
import { Icon, IconButton } from "../data/parts.tsx";
import { boundTo, useDesigner, useNodes, useParameters, useWritable } from "../store/index.ts";
import { freshName } from "./BindMenu.tsx";
import { parsed } from "./values.ts";

const TYPES: ParameterType[] = ["string", "integer", "number", "boolean"];
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

export function ParametersEditor() {
  const { draft } = useDesigner();
  const parameters = useParameters();
  const writable = useWritable();
  const uses = useUses();
  return (
    <>
      {parameters.size === 0 && <p className="secondary p-none">None yet. A parameter here can be bound to by steps, and set at each run or by who calls the published pipeline.</p>}
      <ul className="p-parameters">
        {[...parameters].map(([name, parameter]) => (
          <Parameter key={name} name={name} parameter={parameter} used={uses.get(name) ?? []} disabled={!writable} />
        ))}
      </ul>
      {writable && (
        <button type="button" className="btn btn-sm" onClick={() => draft.setParameter(freshName("parameter", parameters), { type: "string", default: "" })}>
          <Icon icon="plus" />
          Add parameter
        </button>
      )}
    </>
  );
}

function Parameter({ name, parameter, used, disabled }: { name: string; parameter: PipelineParameter; used: readonly string[]; disabled: boolean }) {
  const { draft, ui } = useDesigner();
  const parameters = useParameters();
  const [naming, setNaming] = useState<string | null>(null);
  const shownName = naming ?? name;
  const fault = naming === null || naming === name ? null : !NAME.test(naming) ? "Letters, digits and _ only, a letter first" : parameters.has(naming) ? "There is one of that name" : null;
  const put = (change: Partial<PipelineParameter>): void => draft.setParameter(name, { ...parameter, ...change });
  const rename = (): void => {
    if (naming && naming !== name && !fault) draft.renameParameter(name, naming);
    setNaming(null);
  };
  return (
    <li data-parameter={name}>
      <div className="p-parameter-line">
        <input className="form-control mono" aria-label="Parameter name" value={shownName} disabled={disabled} aria-invalid={Boolean(fault)} onChange={(event) => setNaming(event.target.value)} onBlur={rename} onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()} />
        <select className="form-select" aria-label={`Type of ${name}`} value={parameter.type} disabled={disabled} onChange={(event) => put({ type: event.target.value as ParameterType, default: recast(event.target.value as ParameterType, parameter.default) })}>
          {TYPES.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
        <IconButton icon="trash" label={`Remove ${name}`} disabled={disabled} onClick={() => draft.removeParameter(name)} />
      </div>
      <DefaultInput name={name} parameter={parameter} disabled={disabled} onChange={(value) => put({ default: value })} />
      <div className="p-help">
        {fault ? (
          <span className="p-error">{fault}</span>
        ) : used.length ? (
          <button type="button" className="p-link" onClick={() => (ui.select(used), ui.reveal(used))}>
            used by {used.length === 1 ? draft.nameOf(used[0]!) : `${used.length} steps`}
          </button>
        ) : (
          "not used yet"
        )}
      </div>
    </li>
  );
}

export function DefaultInput({ name, parameter, disabled, onChange, value = parameter.default }: { name: string; parameter: PipelineParameter; disabled: boolean; onChange: (value: Json) => void; value?: Json }) {
  if (parameter.type === "boolean") {
    return (
      <label className="check">
        <input type="checkbox" role="switch" className="switch" checked={value === true} disabled={disabled} aria-label={`Value of ${name}`} onChange={(event) => onChange(event.target.checked)} />
        {value === true ? "on" : "off"}
      </label>
    );
  }
  const kind = parameter.type === "integer" ? "integer" : parameter.type === "number" ? "number" : "string";
  const wrong = kind !== "string" && typeof value !== "number";
  return <input className="form-control" aria-label={`Value of ${name}`} aria-invalid={wrong} value={value === null ? "" : String(value)} disabled={disabled} placeholder="Default" onChange={(event) => onChange(parsed({ type: kind }, event.target.value) ?? "")} />;
}

function recast(type: ParameterType, value: Json): Json {
  if (type === "boolean") return value === true || value === "true";
  if (type === "string") return value === null ? "" : String(value);
  const number = Number(value);
  return Number.isFinite(number) ? (type === "integer" ? Math.round(number) : number) : 0;
}

/** Which steps each parameter is used by. */
function useUses(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const node of useNodes().values()) {
    for (const name of new Set(Object.values(node.params).map(boundTo))) if (name) found.set(name, [...(found.get(name) ?? []), node.id]);
  }
  return found;
}
