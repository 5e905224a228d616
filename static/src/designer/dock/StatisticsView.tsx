/** Every column with its numbers in a list, and one of them in full. */
import { useMemo, useState } from "react";
import { grouped } from "../../ui/format.ts";
import type { ColumnProfile, TablePreview } from "../data/answers.ts";
import { useAsked } from "../data/asking.ts";
import { Bars, Measures } from "../data/bars.tsx";
import { chosenColumn } from "../data/column.ts";
import { Icon } from "../data/parts.tsx";
import { outputPath, type PortRun } from "../data/ports.ts";
import { useCell, useDesigner } from "../store/index.ts";
import { barsOf, percent, typeWord } from "./profiles.ts";
import { metricText } from "./thresholds.ts";

const MOST = 500;

export function StatisticsView({ at, table, isSearching }: { at: PortRun; table: TablePreview; isSearching: boolean }) {
  const [text, setText] = useState("");
  const columns = useProfiles(at, table);
  const wanted = useCell(chosenColumn);
  const shown = columns.filter((column) => column.name.toLowerCase().includes(text.trim().toLowerCase())).slice(0, MOST);
  const chosen = columns.find((column) => column.name === wanted) ?? shown[0];
  return (
    <div className="k-split">
      <div className="k-split-list">
        {isSearching && (
          <div className="k-bar k-search">
            <span className="search-field">
              <Icon icon="search" />
              <input className="form-control" type="search" autoFocus placeholder="Column name" aria-label="Search columns by name" value={text} onChange={(event) => setText(event.target.value)} />
            </span>
          </div>
        )}
        <div className="table-wrap k-fill k-scroll" tabIndex={0} role="region" aria-label="Columns">
          <table className="table table-dense k-stats">
            <thead>
              <tr>
                <th scope="col">Column</th>
                <th scope="col">Type</th>
                <th scope="col">Values</th>
                {["Missing", "Distinct", "Min", "Median", "Mean", "Max", "Std"].map((head) => (
                  <th key={head} scope="col" className="num">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((column) => (
                <Row key={column.name} column={column} rows={table.rows} isChosen={column === chosen} />
              ))}
            </tbody>
          </table>
        </div>
      </div>
      {chosen && <Detail column={chosen} rows={table.rows} />}
    </div>
  );
}

/** The profiles of all columns: those that came with the preview, the rest asked for in one go. */
function useProfiles(at: PortRun, table: TablePreview): ColumnProfile[] {
  const { api } = useDesigner();
  const first = table.profile ?? [];
  const rest = table.columns > first.length;
  const { answer } = useAsked(rest ? `profiles ${at.run}:${at.port}` : null, (signal) => api.get<TablePreview>(outputPath(at, `preview?rows=0&columns=${first.length}:${Math.min(table.columns, MOST)}`), signal));
  return useMemo(() => [...first, ...(answer?.profile ?? (table.schema ?? []).slice(first.length))], [first, answer, table.schema]);
}

const cell = (value: number | string | null | undefined): string => (typeof value === "number" ? metricText(value) : typeof value === "string" ? value.slice(0, 10) : "");

function Row({ column, rows, isChosen }: { column: ColumnProfile; rows: number; isChosen: boolean }) {
  return (
    <tr aria-selected={isChosen} onClick={() => chosenColumn.set(column.name)}>
      <th scope="row">
        <button type="button" className="k-plain truncate" aria-pressed={isChosen}>
          {column.name}
        </button>
      </th>
      <td className="secondary">{typeWord(column)}</td>
      <td>
        <Bars bars={barsOf(column)} width={64} height={14} />
      </td>
      <td className={`num ${column.missing ? "k-missing" : ""}`}>{column.missing ? percent(column.missing / (rows || 1)) : "0%"}</td>
      <td className="num">{typeof column.distinct === "number" ? grouped(column.distinct) : ""}</td>
      <td className="num">{cell(column.min)}</td>
      <td className="num">{cell(column.median)}</td>
      <td className="num">{cell(column.mean)}</td>
      <td className="num">{cell(column.max)}</td>
      <td className="num">{cell(column.std)}</td>
    </tr>
  );
}

function Detail({ column, rows }: { column: ColumnProfile; rows: number }) {
  const facts: [string, string][] = [
    ["Rows", grouped(rows)],
    ["Missing", column.missing === undefined ? "–" : `${grouped(column.missing)} (${percent(column.missing / (rows || 1))})`],
    ["Distinct", typeof column.distinct === "number" ? grouped(column.distinct) : "–"],
    ...(["min", "median", "mean", "max", "std"] as const).flatMap((key): [string, string][] => (column[key] === null || column[key] === undefined ? [] : [[key[0]!.toUpperCase() + key.slice(1), typeof column[key] === "number" ? metricText(column[key]) : String(column[key])]])),
    ...(column.role && column.role !== "feature" ? ([["Role", column.role]] as [string, string][]) : []),
  ];
  const top = column.top ?? [];
  return (
    <aside className="k-detail" aria-label={`Statistics of ${column.name}`} tabIndex={0}>
      <h3 className="truncate">
        {column.name} <span className="secondary">{typeWord(column)}</span>
      </h3>
      {column.histogram?.length ? (
        <figure className="k-histogram">
          <Bars bars={column.histogram} width={260} height={84} />
          <figcaption>
            <span>{cell(column.min)}</span>
            <span>{cell(column.max)}</span>
          </figcaption>
        </figure>
      ) : null}
      {top.length > 0 && <Measures label={`Most frequent values of ${column.name}`} items={top.map((each) => ({ name: String(each.value), value: each.count, text: `${grouped(each.count)} · ${percent(each.count / (rows || 1))}` }))} />}
      <dl className="facts">
        {facts.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
      </dl>
    </aside>
  );
}
