import { describe, expect, it } from "vitest";
import { barBoxes } from "./columnbars.ts";
import { changeBetween } from "./codeeditor.ts";
import { blockText, COLUMNS, ROWS, shownText, TileSource } from "./gridsource.ts";

const columns = Array.from({ length: 120 }, (_, at) => ({ name: `c${at}` }));

describe("a table read by tiles", () => {
  it("asks for each tile of rows and columns once, and draws again when it is there", async () => {
    const asked: number[][] = [];
    const source = new TileSource(columns, 1000, (row, rows, column, count) => {
      asked.push([row, rows, column, count]);
      return Promise.resolve(Array.from({ length: rows }, (_, r) => Array.from({ length: count }, (__, c) => `${row + r}:${column + c}`)));
    });
    let drawn = 0;
    source.onArrival(() => (drawn += 1));
    expect(source.cell(205, 101)).toBeUndefined();
    expect(source.cell(206, 102)).toBeUndefined();
    await Promise.resolve();
    await Promise.resolve();
    expect(asked).toEqual([[200, ROWS, 100, 20]]);
    expect(drawn).toBe(1);
    expect(source.cell(205, 101)).toBe("205:101");
  });
  it("keeps what came with the profile, and only whole tiles of it", () => {
    const source = new TileSource(columns, 1000, () => new Promise(() => {}));
    source.keep({ rows: Array.from({ length: ROWS }, (_, r) => Array.from({ length: 60 }, (__, c) => r * 100 + c)), firstRow: 0, firstColumn: 0 });
    expect(source.cell(3, 4)).toBe(304);
    expect(source.cell(3, COLUMNS + 2)).toBeUndefined();
  });
  it("says what went wrong", async () => {
    const source = new TileSource(columns, 10, () => Promise.reject(new Error("gone")));
    const said = new Promise((done) => source.onTrouble(done));
    source.cell(0, 0);
    expect(await said).toBe("gone");
  });
  it("copies a block as a spreadsheet takes it, whole values and all", () => {
    const source = { columns, total: 2, cell: (row: number, column: number) => [["a\tb", 0.123456789], [null, 'say "x"']][row]![column], onArrival() {}, onTrouble() {} };
    expect(blockText(source, [0, 1], [0, 1])).toBe('"a\tb"\t0.123456789\n\t"say ""x"""');
    expect(shownText(0.123456789)).toBe("0.123457");
  });
});

describe("a histogram", () => {
  it("scales to its highest bar and leaves empty ones out", () => {
    const boxes = barBoxes([{ count: 10 }, { count: 0 }, { count: 5 }], 30, 20, 0);
    expect(boxes.map((box) => [box.x, box.height])).toEqual([[0, 20], [20, 10]]);
    expect(barBoxes([], 30, 20)).toEqual([]);
  });
});

describe("a change of code", () => {
  it("is the one stretch that differs", () => {
    expect(changeBetween("abcdef", "abXYef")).toEqual({ from: 2, to: 4, insert: "XY" });
    expect(changeBetween("aa", "aaa")).toEqual({ from: 2, to: 2, insert: "a" });
    expect(changeBetween("same", "same")).toEqual({ from: 4, to: 4, insert: "" });
  });
});
