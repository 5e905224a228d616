/** A column's profile in the few words and bars that its head has room for. */
import { grouped } from "../../ui/format.ts";
import type { Bar, GridColumn } from "../../widgets/gridsource.ts";
import type { ColumnProfile } from "../data/answers.ts";
import { metricText } from "./thresholds.ts";

const SHORT: Record<string, string> = { integer: "int", number: "float", boolean: "bool", datetime: "date", string: "string" };

export const typeWord = (column: ColumnProfile): string => (column.categorical ? "category" : (SHORT[column.type] ?? column.type));

/** What is most worth knowing of a column besides its type. */
export function remark(column: ColumnProfile, rows: number): string {
  if (column.missing && rows) return `${percent(column.missing / rows)} missing`;
  if (column.type === "boolean") {
    const yes = column.top?.find((each) => each.value === true || each.value === "true");
    return rows && column.top ? `${percent((yes?.count ?? 0) / rows)} true` : "";
  }
  if (column.categorical) return typeof column.distinct === "number" ? `${grouped(column.distinct)} values` : "";
  if (typeof column.mean === "number") return `mean ${metricText(column.mean).replace(/\.?0+$/, "")}`;
  if (column.type === "datetime" && column.min) return `from ${String(column.min).slice(0, 10)}`;
  return typeof column.distinct === "number" ? `${grouped(column.distinct)} unique` : "";
}

export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value}%`;
  return value < 0.1 ? "<0.1%" : `${value.toFixed(1)}%`;
}

/** The histogram, or the counts of the most frequent values; nothing where each value is its own. */
export function barsOf(column: ColumnProfile): readonly Bar[] {
  if (column.histogram?.length) return column.histogram;
  const top = column.top ?? [];
  const isUnique = top.length > 1 && top.every((each) => each.count === top[0]!.count) && (column.distinct ?? 0) > top.length;
  return isUnique ? [] : top.map((each) => ({ from: String(each.value), count: each.count }));
}

export function headOf(column: ColumnProfile, rows: number): GridColumn {
  return {
    name: column.name,
    type: column.type,
    note: [typeWord(column), remark(column, rows)].filter(Boolean).join(" · "),
    bars: barsOf(column),
    ...(column.role ? { role: column.role } : {}),
    ...(typeof column.missing === "number" && rows ? { missing: column.missing / rows } : {}),
  };
}
