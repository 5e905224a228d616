/** What differs between two tables, column by column. */
import { useMemo, useState } from "react";
import { grouped } from "../../ui/format.ts";
import type { ColumnProfile, TablePreview } from "../data/answers.ts";
import { Bars } from "../data/bars.tsx";
import { compareTables, type ColumnChange } from "./comparing.ts";
import { barsOf, percent, typeWord } from "./profiles.ts";
import { metricText } from "./thresholds.ts";

const WORDS: Record<ColumnChange["kind"], string> = { added: "only right", removed: "only left", type: "type", values: "values", same: "same" };

export function Differences({ a, b }: { a: TablePreview; b: TablePreview }) {
  const changes = useMemo(() => compareTables(a, b), [a, b]);
  const [isAll, setAll] = useState(false);
  const same = changes.filter((change) => change.kind === "same").length;
  const shown = isAll ? changes : changes.filter((change) => change.kind !== "same");
  return (
    <div className="k-stack">
      <div className="k-bar">
        <span>
          <strong>{grouped(a.rows)}</strong> rows left, <strong>{grouped(b.rows)}</strong> right
          {a.rows !== b.rows && <span className="secondary"> ({b.rows > a.rows ? "+" : "−"}{grouped(Math.abs(b.rows - a.rows))})</span>}
        </span>
        <span className="secondary">
          {changes.length - same} of {changes.length} columns differ
        </span>
        {same > 0 && (
          <label className="check p-end">
            <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} />
            Show the {same} that are the same
          </label>
        )}
      </div>
      <div className="table-wrap k-fill k-scroll" tabIndex={0} role="region" aria-label="What differs">
        <table className="table table-dense k-stats">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Differs</th>
              <th scope="col">Type</th>
              <th scope="col">Left</th>
              <th scope="col">Right</th>
              {["Missing", "Distinct", "Mean", "Std"].map((head) => (
                <th key={head} scope="col" className="num">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((change) => (
              <Row key={change.name} change={change} rows={[a.rows, b.rows]} />
            ))}
            {!shown.length && (
              <tr>
                <td colSpan={9} className="secondary">
                  Every column has the same type, range and distribution.
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Row({ change, rows }: { change: ColumnChange; rows: [number, number] }) {
  const { before, after } = change;
  const pair = (read: (column: ColumnProfile, rows: number) => string): string => {
    const [left, right] = [before ? read(before, rows[0]) : "", after ? read(after, rows[1]) : ""];
    return left === right ? left : [left, right].filter(Boolean).join(" → ");
  };
  const number = (value: number | null | undefined): string => (typeof value === "number" ? metricText(value) : "");
  return (
    <tr>
      <th scope="row">{change.name}</th>
      <td>
        <span className={`k-change is-${change.kind}`}>{WORDS[change.kind]}</span>
      </td>
      <td className="secondary">{pair(typeWord)}</td>
      <td>{before && <Bars bars={barsOf(before)} width={64} height={14} />}</td>
      <td>{after && <Bars bars={barsOf(after)} width={64} height={14} />}</td>
      <td className="num">{pair((column, count) => percent((column.missing ?? 0) / (count || 1)))}</td>
      <td className="num">{pair((column) => (typeof column.distinct === "number" ? grouped(column.distinct) : ""))}</td>
      <td className="num">{pair((column) => number(column.mean))}</td>
      <td className="num">{pair((column) => number(column.std))}</td>
    </tr>
  );
}
