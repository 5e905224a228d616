import { expect, test } from "vitest";
import { kept, scaleOf, short, type Axis } from "./parallelscale.ts";

const axis = (values: Axis["values"], kind: Axis["kind"] = "number"): Axis => ({ of: "param", name: "a", lower: false, kind, values });

test("numbers lie between the least at the foot and the most at the top", () => {
  const scale = scaleOf(axis([2, 4, 3, null]));
  expect([2, 3, 4].map(scale.at)).toEqual([0, 0.5, 1]);
  expect(scale.at(null)).toBeNull();
});

test("values over three powers of ten get a logarithmic axis", () => {
  const scale = scaleOf(axis([0.0001, 0.01, 1]));
  expect(scale.at(0.01)).toBeCloseTo(0.5);
  expect(scale.ticks.map((tick) => tick.text)).toEqual(["1.0e-4", "0.001", "0.01", "0.1", "1"]);
});

test("words are spread evenly in their order", () => {
  const scale = scaleOf(axis(["b", "a", null], "word"));
  expect([scale.at("a"), scale.at("b"), scale.at(null)]).toEqual([0.25, 0.75, null]);
});

test("runs in every range are kept, and one without a value is not", () => {
  const places = [[0, 0.5, 1, null], [1, 1, 0, 1]];
  expect(kept(places, new Map(), 4)).toEqual([0, 1, 2, 3]);
  expect(kept(places, new Map([[0, [0, 0.6]]]), 4)).toEqual([0, 1]);
  expect(kept(places, new Map([[0, [0.4, 1]], [1, [0.5, 1]]]), 4)).toEqual([1]);
});

test("numbers are short", () => {
  expect([0.1 + 0.2, 1234567, 0.00001, 12345].map(short)).toEqual(["0.3", "1.2e+6", "1.0e-5", "12,350"]);
});
