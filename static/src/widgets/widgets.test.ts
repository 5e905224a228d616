import { describe, expect, it } from "vitest";
import { csvOf, smooth, smoothed, tableOf } from "./figure.ts";
import { bars } from "./timeline.ts";

describe("smoothing", () => {
  it("starts at the first value and leaves gaps as gaps", () => {
    expect(smooth([2, null, 2, "NaN", 2], 0.9)).toEqual([2, null, 2, null, 2]);
    const out = smooth([0, 10], 0.5);
    expect(out[1]).toBeCloseTo(20 / 3);
  });

  it("keeps the raw line faint below and leaves bars alone", () => {
    const curve = { type: "scatter", mode: "lines", name: "loss", x: [1, 2, 3], y: [3, 2, 1] };
    const made = smoothed([curve, { type: "bar", x: ["a"], y: [1] }], 0.5, ["red", "blue"]);
    expect(made.length).toBe(3);
    expect(made[0]!["opacity"]).toBe(0.3);
    expect(made[1]!.line!["color"]).toBe("red");
  });
});

describe("a figure as a table", () => {
  it("joins the traces by x in order and quotes what CSV needs quoted", () => {
    const rows = tableOf({
      data: [
        { name: "train, a", x: [2, 1], y: [20, 10] },
        { name: "valid", x: [2, 3], y: [21, 31] },
      ],
      layout: { xaxis: { title: { text: "step" } } },
    });
    expect(csvOf(rows)).toBe('step,"train, a",valid\r\n1,10,\r\n2,20,21\r\n3,,31\r\n');
  });

  it("shows a matrix with its labels", () => {
    const rows = tableOf({ data: [{ type: "heatmap", x: ["no", "yes"], y: ["no", "yes"], z: [[1, 2], [3, 4]] }], layout: {} });
    expect(rows).toEqual({ head: ["", "no", "yes"], rows: [["no", 1, 2], ["yes", 3, 4]] });
  });
});

describe("the bars of a timeline", () => {
  const step = (status: string, start: string | null, end: string | null) => ({ guid: status, name: status, status, start, end });

  it("lie between the first start and now while a step runs", () => {
    const now = Date.parse("2026-01-01T00:01:40Z");
    const made = bars(
      [
        step("Completed", "2026-01-01T00:00:00Z", "2026-01-01T00:00:25Z"),
        step("Running", "2026-01-01T00:00:50Z", null),
        step("Queued", null, null),
      ],
      now,
    );
    expect(made.map((bar) => [bar.left, bar.width, bar.seconds])).toEqual([[0, 25, 25], [50, 50, 50], [0, 0, null]]);
  });

  it("are all empty before anything has started", () => {
    expect(bars([step("Queued", null, null)], 0)[0]!.width).toBe(0);
  });
});
