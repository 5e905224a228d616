/** What a model has learned: coefficients, importances, trees, centres; and what it was told. */
import { useState } from "react";
import type { ModelPreview, Weight } from "../data/answers.ts";
import { Measures, type Measure } from "../data/bars.tsx";
import { Tabs } from "../data/parts.tsx";
import { shown, words } from "../panel/values.ts";
import { metricText } from "./thresholds.ts";
import { TreeView } from "./TreeView.tsx";

type Look = "importance" | "coefficients" | "trees" | "centers" | "facts";

const MOST = 60;

export function ModelView({ model }: { model: ModelPreview }) {
  const looks: { id: Look; label: string; count?: number }[] = [
    ...(model.importance?.length ? [{ id: "importance" as const, label: "Importance", count: model.importance.length }] : []),
    ...(model.coefficients?.length ? [{ id: "coefficients" as const, label: "Coefficients", count: model.coefficients.length }] : []),
    ...(model.trees?.length ? [{ id: "trees" as const, label: "Trees", count: model.trees.length }] : []),
    ...(model.centers?.length ? [{ id: "centers" as const, label: "Centres", count: model.centers.length }] : []),
    { id: "facts", label: "Settings" },
  ];
  const [asked, setAsked] = useState<Look | null>(null);
  const look = asked ?? looks[0]!.id;
  return (
    <div className="k-model">
      <header className="k-model-head">
        <div>
          <strong>{words(model.learner || "Model")}</strong>
          <span className="secondary"> {model.kind === "transform" ? "transformation" : model.trained ? "trained model" : "not trained yet"}</span>
        </div>
        <Tabs label="Model" items={looks} value={look} onChange={setAsked} controls="k-model-view" />
      </header>
      <div className="k-model-body" id="k-model-view" role="tabpanel" aria-labelledby={`k-model-view-${look}`} tabIndex={0}>
        {look === "importance" && <Weights label="Importance of each feature" items={model.importance!} />}
        {look === "coefficients" && <Weights label="Coefficients" items={model.coefficients!} />}
        {look === "trees" && <Trees model={model} />}
        {look === "centers" && <Centers centers={model.centers!} />}
        {look === "facts" && <Facts model={model} />}
      </div>
    </div>
  );
}

function Weights({ label, items }: { label: string; items: readonly Weight[] }) {
  const [isAll, setAll] = useState(false);
  const listed = isAll ? items : items.slice(0, MOST);
  const measures: Measure[] = listed.map((item) => ({ name: item.name, note: item.class && `for ${item.class}`, value: typeof item.value === "number" ? item.value : 0, text: typeof item.value === "number" ? metricText(item.value) : String(item.value) }));
  return (
    <>
      <Measures label={label} items={measures} />
      {items.length > MOST && !isAll && (
        <button type="button" className="btn btn-sm" onClick={() => setAll(true)}>
          Show all {items.length}
        </button>
      )}
    </>
  );
}

function Trees({ model }: { model: ModelPreview }) {
  const trees = model.trees ?? [];
  const [at, setAt] = useState(0);
  const tree = trees[at];
  return (
    <>
      {trees.length > 1 && (
        <label className="k-tree-choice">
          Tree
          <select className="form-select w-auto" value={at} onChange={(event) => setAt(Number(event.target.value))}>
            {trees.map((_, index) => (
              <option key={index} value={index}>
                {index + 1}
              </option>
            ))}
          </select>
          <span className="secondary">of the first {trees.length}; rows with a value up to the threshold go left</span>
        </label>
      )}
      {tree && <TreeView key={at} tree={tree} />}
    </>
  );
}

function Centers({ centers }: { centers: readonly Weight[][] }) {
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label="Cluster centres">
      <table className="table table-dense">
        <thead>
          <tr>
            <th scope="col">Column</th>
            {centers.map((_, at) => (
              <th key={at} scope="col" className="num">
                Cluster {at}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(centers[0] ?? []).map((entry, row) => (
            <tr key={entry.name}>
              <th scope="row">{entry.name}</th>
              {centers.map((center, at) => (
                <td key={at} className="num">
                  {typeof center[row]?.value === "number" ? metricText(center[row].value) : String(center[row]?.value ?? "")}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Facts({ model }: { model: ModelPreview }) {
  const facts = Object.entries(model.meta).filter(([, value]) => value !== null && value !== "");
  return (
    <dl className="facts k-facts">
      {facts.flatMap(([name, value]) => [<dt key={name}>{words(name)}</dt>, <dd key={`${name}=`} title={typeof value === "object" ? JSON.stringify(value) : undefined}>{shown(value)}</dd>])}
    </dl>
  );
}
