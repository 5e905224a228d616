/** What differs between two models: their weights by feature, their settings, their metrics by name. */
import type { Json } from "../../graph/types.ts";
import type { EvaluatedRun, ModelPreview, Weight } from "../data/answers.ts";

export interface WeightPair {
  name: string;
  /** The class that the weight is for, or the cluster. */
  of: string;
  left: number | null;
  right: number | null;
  /** Right less left, where both have one. */
  difference: number | null;
  /** Places by absolute value, the largest being 1. */
  ranks: [number | null, number | null];
}

export type WeightKind = "coefficients" | "importance" | "centers";
export const WEIGHT_KINDS: readonly WeightKind[] = ["coefficients", "importance", "centers"];

/** Weights aligned by feature and class; what differs most comes first, then what one side lacks. */
export function compareWeights(a: readonly Weight[], b: readonly Weight[]): WeightPair[] {
  const [left, right] = [keyed(a), keyed(b)];
  const pairs = [...new Set([...left.keys(), ...right.keys()])].map((key): WeightPair => {
    const [x, y] = [left.get(key), right.get(key)];
    const { name, of } = (x ?? y)!;
    const difference = x && y && x.value !== null && y.value !== null ? y.value - x.value : null;
    return { name, of, left: x?.value ?? null, right: y?.value ?? null, difference, ranks: [x?.rank ?? null, y?.rank ?? null] };
  });
  return pairs.sort((x, y) => size(y) - size(x));
}

const size = (pair: WeightPair): number => (pair.difference === null ? -1 : Math.abs(pair.difference));

interface Ranked {
  name: string;
  of: string;
  value: number | null;
  rank: number | null;
}

function keyed(weights: readonly Weight[]): Map<string, Ranked> {
  const numbers = weights.map((weight) => (typeof weight.value === "number" ? Math.abs(weight.value) : null));
  const order = [...new Set(numbers.filter((value) => value !== null))].sort((x, y) => y - x);
  const place = new Map(order.map((value, at) => [value, at + 1]));
  return new Map(
    weights.map((weight, at) => {
      const size = numbers[at] ?? null;
      const value = typeof weight.value === "number" ? weight.value : null;
      return [`${weight.class ?? ""}\n${weight.name}`, { name: weight.name, of: weight.class ?? "", value, rank: size === null ? null : (place.get(size) ?? null) }];
    }),
  );
}

/** The weights of a kind; a cluster's centre counts as weights of that cluster. */
export function weightsOf(model: ModelPreview, kind: WeightKind): readonly Weight[] {
  if (kind !== "centers") return model[kind] ?? [];
  return (model.centers ?? []).flatMap((center, at) => center.map((weight) => ({ ...weight, class: `cluster ${at}` })));
}

export interface Setting {
  name: string;
  left: Json | undefined;
  right: Json | undefined;
  differs: boolean;
}

/** What two models were told, what differs first. */
export function compareSettings(a: Readonly<Record<string, Json>>, b: Readonly<Record<string, Json>>): Setting[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const pairs = names.map((name) => ({ name, left: a[name], right: b[name], differs: JSON.stringify(a[name] ?? null) !== JSON.stringify(b[name] ?? null) }));
  return pairs.sort((x, y) => Number(y.differs) - Number(x.differs));
}

export interface MetricPair {
  model: string;
  name: string;
  left: number | null;
  right: number | null;
  difference: number | null;
}

type Measured = Pick<EvaluatedRun, "name"> & { metrics: Readonly<Record<string, unknown>> };

/** Metrics aligned by name; the first model of one side with the first of the other, and so on. */
export function compareMetrics(a: readonly Measured[], b: readonly Measured[]): MetricPair[] {
  const count = Math.max(a.length, b.length);
  return Array.from({ length: count }).flatMap((_, at) => {
    const [left, right] = [a[at], b[at]];
    const names = [...new Set([...Object.keys(left?.metrics ?? {}), ...Object.keys(right?.metrics ?? {})])];
    const model = count === 1 ? "" : ((left ?? right)?.name ?? "");
    return names.flatMap((name): MetricPair[] => {
      const [x, y] = [numberOf(left?.metrics[name]), numberOf(right?.metrics[name])];
      return x === null && y === null ? [] : [{ model, name, left: x, right: y, difference: x !== null && y !== null ? y - x : null }];
    });
  });
}

const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);
