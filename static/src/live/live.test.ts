import { describe, expect, it } from "vitest";
import { sparkPath } from "../widgets/spark.ts";
import { best, rank } from "../ui/palette.ts";
import { ago, bytes, duration } from "../ui/format.ts";
import { backOff } from "./connection.ts";
import { Versions } from "./live.ts";

describe("live messages", () => {
  it("a late message of an older version is not news", () => {
    const versions = new Versions();
    expect([3, 2, 3, 4].map((version) => versions.isNew({ guid: "a", version }))).toEqual([true, false, false, true]);
  });

  it("the wait between tries grows to at most 12.5 s", () => {
    expect(backOff(0, 0.5)).toBe(500);
    expect(backOff(30, 1)).toBe(12_500);
  });
});

describe("the palette", () => {
  it("puts a label that starts with the words first", () => {
    const lines = ["My runs", "Runs", "Pruning", "Models"].map((label) => ({ label, url: "" }));
    expect(best(lines, "run").map((line) => line.label)).toEqual(["Runs", "My runs", "Pruning"]);
    expect(rank("Models", "run")).toBe(0);
  });
});

describe("words for numbers", () => {
  it("writes durations, sizes and ages with their units", () => {
    expect([0.44, 12.2, 92, 7510].map(duration)).toEqual(["0.4 s", "12 s", "1:32", "2:05:10"]);
    expect([999, 1_500_000].map(bytes)).toEqual(["999 B", "1.5 MB"]);
    const now = new Date("2026-11-21T12:00:00Z");
    expect(ago(new Date("2026-11-21T10:30:00Z"), now)).toBe("1 h ago");
    expect(ago(new Date("2026-11-19T10:30:00Z"), now)).toBe("2 days ago");
  });

  it("draws no line through fewer than two numbers and leaves NaN out", () => {
    expect(sparkPath([1])).toBe("");
    expect(sparkPath([1, NaN, 2], 100, 24)).toBe("M0.0 22.0L100.0 2.0");
  });
});
