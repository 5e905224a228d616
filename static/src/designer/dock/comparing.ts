/** What differs between two tables, by their schemas and profiles. */
import type { ColumnProfile, TablePreview } from "../data/answers.ts";

export interface ColumnChange {
  name: string;
  kind: "added" | "removed" | "type" | "values" | "same";
  before: ColumnProfile | null;
  after: ColumnProfile | null;
}

const ORDER = { added: 0, removed: 1, type: 2, values: 3, same: 4 };
const WATCHED = ["missing", "distinct", "min", "max", "mean", "median", "std"] as const;

export function compareTables(a: TablePreview, b: TablePreview): ColumnChange[] {
  const [before, after] = [columnsOf(a), columnsOf(b)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changes = names.map((name): ColumnChange => {
    const [left, right] = [before.get(name) ?? null, after.get(name) ?? null];
    return { name, kind: kindOf(left, right), before: left, after: right };
  });
  return changes.sort((x, y) => ORDER[x.kind] - ORDER[y.kind]);
}

function columnsOf(table: TablePreview): Map<string, ColumnProfile> {
  const found = new Map((table.schema ?? []).map((column) => [column.name, column]));
  for (const column of table.profile ?? []) found.set(column.name, column);
  return found;
}

function kindOf(before: ColumnProfile | null, after: ColumnProfile | null): ColumnChange["kind"] {
  if (!before) return "added";
  if (!after) return "removed";
  if (before.type !== after.type || Boolean(before.categorical) !== Boolean(after.categorical)) return "type";
  return WATCHED.some((key) => differs(before[key], after[key])) ? "values" : "same";
}

function differs(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) > 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-9);
  return (a ?? null) !== (b ?? null);
}
