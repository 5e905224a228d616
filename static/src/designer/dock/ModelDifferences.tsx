/** Two models side by side: coefficients, importances and centres by feature, trees, settings. */
import { useMemo, useState } from "react";
import type { ModelPreview, TreeNode } from "../data/answers.ts";
import { Tabs } from "../data/parts.tsx";
import { shown, words } from "../panel/values.ts";
import { compareSettings, compareWeights, WEIGHT_KINDS, weightsOf, type WeightKind, type WeightPair } from "./comparingmodels.ts";
import { metricText } from "./thresholds.ts";
import { TreeView } from "./TreeView.tsx";

type Look = WeightKind | "trees" | "settings";

const LABELS: Record<Look, string> = { coefficients: "Coefficients", importance: "Importance", centers: "Centres", trees: "Trees", settings: "Settings" };
const HEADS: Record<WeightKind, string> = { coefficients: "Class", importance: "Class", centers: "Cluster" };
const MOST = 200;

export function ModelDifferences({ a, b }: { a: ModelPreview; b: ModelPreview }) {
  const kinds = WEIGHT_KINDS.filter((kind) => weightsOf(a, kind).length || weightsOf(b, kind).length);
  // What both have comes first: only that can be told apart number by number.
  const both = kinds.filter((kind) => weightsOf(a, kind).length && weightsOf(b, kind).length);
  const looks: Look[] = [...both, ...kinds.filter((kind) => !both.includes(kind)), ...(a.trees?.length || b.trees?.length ? (["trees"] as const) : []), "settings"];
  const [asked, setAsked] = useState<Look | null>(null);
  const look = asked && looks.includes(asked) ? asked : looks[0]!;
  return (
    <div className="k-model">
      <header className="k-model-head">
        <div>
          <strong>{words(a.learner || "Model")}</strong> <span className="secondary">left,</span> <strong>{words(b.learner || "Model")}</strong> <span className="secondary">right</span>
        </div>
        <Tabs label="Models" items={looks.map((id) => ({ id, label: LABELS[id] }))} value={look} onChange={setAsked} controls="k-models-view" />
      </header>
      <div className="k-model-body" id="k-models-view" role="tabpanel" aria-labelledby={`k-models-view-${look}`} tabIndex={0}>
        {look === "settings" ? <Settings a={a} b={b} /> : look === "trees" ? <TreesBeside a={a.trees ?? []} b={b.trees ?? []} /> : <WeightsBeside key={look} kind={look} a={a} b={b} />}
      </div>
    </div>
  );
}

function WeightsBeside({ kind, a, b }: { kind: WeightKind; a: ModelPreview; b: ModelPreview }) {
  const [left, right] = [weightsOf(a, kind), weightsOf(b, kind)];
  const pairs = useMemo(() => compareWeights(left, right), [left, right]);
  const [isAll, setAll] = useState(false);
  const hasClass = pairs.some((pair) => pair.of);
  const most = Math.max(...pairs.map((pair) => Math.abs(pair.difference ?? 0)), 0) || 1;
  const lacking = !left.length ? "left" : !right.length ? "right" : "";
  return (
    <>
      {lacking && (
        <p className="secondary">
          The {lacking} model has no {LABELS[kind].toLowerCase()}: compare the features by their rank with those of the other tabs.
        </p>
      )}
      <div className="table-wrap k-compare-wrap" tabIndex={0} role="region" aria-label={`${LABELS[kind]} side by side`}>
        <table className="table table-dense k-compare">
          <thead>
            <tr>
              <th scope="col">Feature</th>
              {hasClass && <th scope="col">{HEADS[kind]}</th>}
              <th scope="col" className="num">Left</th>
              <th scope="col" className="num">Right</th>
              <th scope="col" className="num">Difference</th>
              <th scope="col"><span className="visually-hidden">How much</span></th>
              <th scope="col" className="num">Rank</th>
            </tr>
          </thead>
          <tbody>
            {(isAll ? pairs : pairs.slice(0, MOST)).map((pair) => (
              <Row key={`${pair.of} ${pair.name}`} pair={pair} hasClass={hasClass} most={most} />
            ))}
          </tbody>
        </table>
      </div>
      {pairs.length > MOST && !isAll && (
        <button type="button" className="btn btn-sm" onClick={() => setAll(true)}>
          Show all {pairs.length}
        </button>
      )}
    </>
  );
}

const text = (value: number | null): string => (value === null ? "" : metricText(value));
export const signed = (value: number): string => `${value > 0 ? "+" : "−"}${metricText(Math.abs(value))}`;

function Row({ pair, hasClass, most }: { pair: WeightPair; hasClass: boolean; most: number }) {
  const { difference, ranks } = pair;
  const wide = (Math.abs(difference ?? 0) / most) * 50;
  return (
    <tr>
      <th scope="row">{pair.name}</th>
      {hasClass && <td className="secondary">{pair.of}</td>}
      <td className="num">{text(pair.left)}</td>
      <td className="num">{text(pair.right)}</td>
      <td className="num">{difference === null ? <span className="secondary">{pair.left === null ? "only right" : "only left"}</span> : difference === 0 ? "same" : signed(difference)}</td>
      <td>
        <svg className="k-compare-bar-svg" viewBox="0 0 100 10" width="90" height="10" preserveAspectRatio="none" aria-hidden="true">
          <line x1="50" x2="50" y1="0" y2="10" />
          {difference !== null && <rect className={difference < 0 ? "is-negative" : ""} x={difference < 0 ? 50 - wide : 50} y="1.5" width={wide} height="7" />}
        </svg>
      </td>
      <td className="num secondary">{ranks[0] === ranks[1] ? (ranks[0] ?? "") : ranks.map((rank) => rank ?? "–").join(" → ")}</td>
    </tr>
  );
}

function TreesBeside({ a, b }: { a: readonly TreeNode[]; b: readonly TreeNode[] }) {
  const [at, setAt] = useState(0);
  const count = Math.max(a.length, b.length);
  return (
    <>
      {count > 1 && (
        <label className="k-tree-choice">
          Tree
          <select className="form-select w-auto" value={at} onChange={(event) => setAt(Number(event.target.value))}>
            {Array.from({ length: count }).map((_, index) => (
              <option key={index} value={index}>
                {index + 1}
              </option>
            ))}
          </select>
          <span className="secondary">
            {a.length} kept of the left model, {b.length} of the right one
          </span>
        </label>
      )}
      <div className="k-beside">
        {([["Left", a[at]], ["Right", b[at]]] as const).map(([name, tree]) => (
          <section key={name} aria-label={name}>
            <p className="k-beside-head">{name}</p>
            {tree ? <TreeView key={at} tree={tree} /> : <p className="secondary k-pad">It has no such tree.</p>}
          </section>
        ))}
      </div>
    </>
  );
}

function Settings({ a, b }: { a: ModelPreview; b: ModelPreview }) {
  const pairs = compareSettings({ learner: a.learner, ...a.meta }, { learner: b.learner, ...b.meta });
  return (
    <div className="table-wrap k-compare-wrap" tabIndex={0} role="region" aria-label="Settings side by side">
      <table className="table table-dense k-compare">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Left</th>
            <th scope="col">Right</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <tr key={pair.name} className={pair.differs ? "is-different" : ""}>
              <th scope="row">{words(pair.name)}</th>
              {[pair.left, pair.right].map((value, side) => (
                <td key={side}>{value === undefined ? "" : shown(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
