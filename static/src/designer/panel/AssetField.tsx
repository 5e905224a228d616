/** A registered asset by name and version, chosen from what the catalogue lists or written out. */
import type { AssetEntry } from "../../graph/types.ts";
import { useCatalogue } from "../store/index.ts";
import { TextField, type ControlProps } from "./controls.tsx";

export function AssetField(props: ControlProps & { component: string }) {
  const catalogue = useCatalogue();
  const { id, value, disabled, invalid, describedBy, onChange, component, spec } = props;
  const lists = catalogue ? listOf(component, catalogue) : [];
  const chosen = typeof value === "string" ? value : "";
  const refs = lists.map((entry) => `azureml:${entry.name}:${entry.version}`);
  const latest = lists.map((entry) => `azureml:${entry.name}@latest`);
  if (!lists.length) return <TextField {...props} />;
  return (
    <select id={id} className="form-select" disabled={disabled} value={chosen} aria-invalid={invalid} aria-describedby={describedBy} onChange={(event) => onChange(event.target.value || null)}>
      <option value="">{spec.optional ? "None" : "Choose one"}</option>
      {chosen && !refs.includes(chosen) && !latest.includes(chosen) && <option value={chosen}>{shortOf(chosen)}</option>}
      {lists.map((entry, at) => (
        <optgroup key={entry.name} label={entry.name}>
          <option value={refs[at]}>{`${entry.name} · version ${entry.version}`}</option>
          <option value={latest[at]}>{`${entry.name} · always the newest`}</option>
        </optgroup>
      ))}
    </select>
  );
}

const shortOf = (ref: string): string => ref.replace(/^azureml:/, "").replace(":", " · version ");

function listOf(component: string, catalogue: { data: readonly AssetEntry[]; models: readonly AssetEntry[]; transforms: readonly AssetEntry[] }): readonly AssetEntry[] {
  if (component === "saved_model") return catalogue.models;
  return component === "saved_transform" ? catalogue.transforms : catalogue.data;
}
