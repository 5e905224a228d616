import { describe, expect, it } from "vitest";
import { bestThreshold, countsAt, metricsAt, metricText } from "./thresholds.ts";

const counts = [
  { t: 0, tp: 10, fp: 10, tn: 0, fn: 0 },
  { t: 0.5, tp: 8, fp: 1, tn: 9, fn: 2 },
  { t: 0.9, tp: 2, fp: 0, tn: 10, fn: 8 },
];

describe("a threshold", () => {
  it("takes the counts of the highest one not above it", () => {
    expect(countsAt(counts, 0.7)?.t).toBe(0.5);
    expect(countsAt(counts, 0.5)?.t).toBe(0.5);
    expect(countsAt(counts, 0)?.t).toBe(0);
    expect(countsAt(counts, -1)?.t).toBe(0);
    expect(countsAt([], 0.5)).toBeNull();
  });
  it("gives the metrics of its confusion matrix", () => {
    const at = metricsAt(counts[1]!);
    expect(at.accuracy).toBeCloseTo(0.85);
    expect(at.precision).toBeCloseTo(8 / 9);
    expect(at.recall).toBeCloseTo(0.8);
    expect(at.specificity).toBeCloseTo(0.9);
    expect(at.f1).toBeCloseTo(16 / 19);
  });
  it("leaves out what would divide by zero", () => {
    expect(metricsAt({ t: 1, tp: 0, fp: 0, tn: 5, fn: 0 }).precision).toBeNull();
  });
  it("finds where F1 is highest", () => {
    expect(bestThreshold(counts)).toBe(0.5);
  });
  it("writes numbers short", () => {
    expect(metricText(0.84561)).toBe("0.8456");
    expect(metricText(12345.678)).toBe("12,345.7");
    expect(metricText(null)).toBe("–");
    expect(metricText(0.00001)).toBe("1.00e-5");
    expect(metricText(42)).toBe("42");
  });
});
