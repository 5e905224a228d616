/** A table in the virtual grid: rows and columns by windows, heads with profiles. */
import { useEffect, useRef, useState } from "react";
import { Grid } from "../../widgets/grid.ts";
import { TileSource } from "../../widgets/gridsource.ts";
import type { TablePreview } from "../data/answers.ts";
import { Icon } from "../data/parts.tsx";
import { cellsOf, FIRST_COLUMNS, outputPath, type PortRun } from "../data/ports.ts";
import { chosenColumn } from "../data/column.ts";
import { useDesigner, type Api } from "../store/index.ts";
import { headOf } from "./profiles.ts";

const MOST_PROFILED = 1000;
const TYPES: [string, string[]][] = [
  ["All types", []],
  ["Numbers", ["integer", "number"]],
  ["Text", ["string"]],
  ["Yes/no", ["boolean"]],
  ["Dates", ["datetime"]],
];

export function TableView({ at, table, isSearching, onGrid }: { at: PortRun; table: TablePreview; isSearching: boolean; onGrid?: (grid: Grid | null) => void }) {
  const { api, ui } = useDesigner();
  const host = useRef<HTMLDivElement>(null);
  const grid = useRef<Grid | null>(null);
  const told = useRef(onGrid);
  useEffect(() => {
    const element = document.createElement("div");
    element.className = "k-grid";
    host.current?.replaceChildren(element);
    const source = sourceOf(api, at, table);
    const made = new Grid(element, source, {
      label: "First rows of the output",
      pins: true,
      footer: false,
      onColumn: (column) => (chosenColumn.set(source.columns[column]?.name ?? null), ui.openDock("statistics")),
    });
    grid.current = made;
    told.current?.(made);
    let gone = false;
    void fillProfiles(api, at, table, source, () => !gone && made.refresh());
    return () => {
      gone = true;
      told.current?.(null);
      made.stop();
      element.remove();
    };
  }, [api, at.run, at.port, table, ui]);
  return (
    <div className="k-stack">
      {table.cut && (
        <div className="k-bar is-warning">
          <Icon icon="info-circle" />
          {table.cut}
        </div>
      )}
      {isSearching && <ColumnSearch total={table.columns} onFilter={(text, types) => grid.current?.filter({ text, types }) ?? 0} />}
      <div ref={host} className="k-fill" />
    </div>
  );
}

function ColumnSearch({ total, onFilter }: { total: number; onFilter: (text: string, types: string[]) => number }) {
  const [text, setText] = useState("");
  const [type, setType] = useState(0);
  const [found, setFound] = useState(total);
  const filter = useRef(onFilter);
  filter.current = onFilter;
  useEffect(() => setFound(filter.current(text, TYPES[type]![1])), [text, type]);
  useEffect(() => () => void filter.current("", []), []);
  return (
    <div className="k-bar k-search">
      <span className="search-field">
        <Icon icon="search" />
        <input className="form-control" type="search" autoFocus placeholder="Column name" aria-label="Search columns by name" value={text} onChange={(event) => setText(event.target.value)} />
      </span>
      <select className="form-select w-auto" aria-label="Column type" value={type} onChange={(event) => setType(Number(event.target.value))}>
        {TYPES.map(([label], index) => (
          <option key={label} value={index}>
            {label}
          </option>
        ))}
      </select>
      <span className="secondary" role="status">
        {found === total ? `${total} columns` : `${found} of ${total} columns`}
      </span>
    </div>
  );
}

export function sourceOf(api: Api, at: PortRun, table: TablePreview): TileSource {
  const profiled = new Map((table.profile ?? []).map((column) => [column.name, column]));
  const columns = (table.schema ?? table.profile ?? []).map((column) => headOf(profiled.get(column.name) ?? column, table.rows));
  const source = new TileSource(columns, table.rows, (firstRow, rows, firstColumn, count) => cellsOf(api, at, firstRow, rows, firstColumn, count));
  source.keep({ rows: table.data, firstRow: 0, firstColumn: 0 });
  return source;
}

/** The profiles of columns beyond the first window come after it, a window at a time. */
async function fillProfiles(api: Api, at: PortRun, table: TablePreview, source: TileSource, arrived: () => void): Promise<void> {
  const columns = source.columns as ReturnType<typeof headOf>[];
  for (let first = FIRST_COLUMNS; first < Math.min(table.columns, MOST_PROFILED); first += FIRST_COLUMNS) {
    try {
      const answer = await api.get<TablePreview>(outputPath(at, `preview?rows=0&columns=${first}:${Math.min(first + FIRST_COLUMNS, table.columns)}`));
      answer.profile?.forEach((column, index) => (columns[first + index] = headOf(column, table.rows)));
      arrived();
    } catch {
      return; // names and types are there; only the bars are missing
    }
  }
}
