/** Metrics of a two-class model at a threshold, from the counts that came with its evaluation. */
export interface Counts {
  t: number;
  tp: number;
  fp: number;
  tn: number;
  fn: number;
}

export interface AtThreshold {
  accuracy: number | null;
  precision: number | null;
  recall: number | null;
  specificity: number | null;
  f1: number | null;
}

const share = (part: number, whole: number): number | null => (whole ? part / whole : null);

export function metricsAt({ tp, fp, tn, fn }: Counts): AtThreshold {
  return {
    accuracy: share(tp + tn, tp + tn + fp + fn),
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    specificity: share(tn, tn + fp),
    f1: share(2 * tp, 2 * tp + fp + fn),
  };
}

/** The counts that hold at a threshold: those of the highest one not above it. */
export function countsAt(counts: readonly Counts[], threshold: number): Counts | null {
  let best: Counts | null = null;
  let lowest: Counts | null = null;
  for (const each of counts) {
    if (!lowest || each.t < lowest.t) lowest = each;
    if (each.t <= threshold + 1e-9 && (!best || each.t > best.t)) best = each;
  }
  return best ?? lowest;
}

/** The threshold with the highest F1. */
export function bestThreshold(counts: readonly Counts[]): number {
  let best = { t: 0.5, f1: -1 };
  for (const each of counts) {
    const f1 = metricsAt(each).f1 ?? -1;
    if (f1 > best.f1) best = { t: each.t, f1 };
  }
  return best.t;
}

export function metricText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return value.toLocaleString("en");
  if (size < 0.001 || size >= 1e7) return value.toExponential(2);
  return size >= 1000 ? value.toLocaleString("en", { maximumFractionDigits: 1 }) : value.toFixed(size >= 100 ? 2 : 4);
}
