import ELK from "elkjs";
import { describe, expect, it } from "vitest";
import { align, around, distribute, freePlace, guides, snapPoint } from "./arrange.ts";
import { catalogue, edge, node } from "./fixture.ts";
import { elkGraph, recentre, tidy } from "./layout.ts";
import { holds, overlaps, SpatialIndex } from "./spatial.ts";
import { neighbourOf } from "./travel.ts";

const box = (x: number, y: number, width = 100, height = 50) => ({ x, y, width, height });
const portsOf = (one: { component: string; version: string }) => ({ inputs: catalogue.of(one)!.inputs.map((port) => port.name), outputs: catalogue.of(one)!.outputs.map((port) => port.name) });

describe("places", () => {
  it("snap to the grid", () => expect(snapPoint({ x: 13, y: -3 })).toEqual({ x: 16, y: -0 }));

  it("are surrounded by one box", () => {
    expect(around([box(0, 0), box(200, 100)])).toEqual(box(0, 0, 300, 150));
    expect(around([])).toBeNull();
  });

  it("align with the outermost", () => {
    const boxes = new Map([["a", box(0, 0)], ["b", box(40, 100, 200)]]);
    expect([...align(boxes, "left").values()].map((at) => at.x)).toEqual([0, 0]);
    expect([...align(boxes, "right").values()].map((at) => at.x)).toEqual([140, 40]);
    expect([...align(boxes, "center").values()].map((at) => at.x)).toEqual([70, 20]);
    expect([...align(boxes, "top").values()].map((at) => at.y)).toEqual([0, 0]);
    expect([...align(boxes, "middle").values()].map((at) => at.y)).toEqual([50, 50]);
    expect([...align(boxes, "bottom").values()].map((at) => at.y)).toEqual([100, 100]);
    expect(align(new Map(), "left").size).toBe(0);
  });

  it("are distributed with equal gaps", () => {
    const boxes = new Map([["a", box(0, 0)], ["b", box(110, 0)], ["c", box(500, 0)]]);
    expect([...distribute(boxes, "x").values()].map((at) => at.x)).toEqual([0, 250, 500]);
    expect(distribute(new Map([["a", box(0, 0)], ["b", box(9, 9)]]), "y").size).toBe(0);
  });

  it("of new modules never cover another", () => {
    expect(freePlace({ x: 3, y: 5 }, [])).toEqual({ x: 0, y: 8 });
    expect(freePlace({ x: 0, y: 0 }, [box(0, 0, 232, 52)])).toEqual({ x: 0, y: 80 });
  });

  it("level with others show a line", () => {
    const found = guides(box(102, 0), [box(100, 200)]);
    expect(found.guides).toEqual([{ axis: "x", at: 100, from: 0, to: 250 }]);
    expect(found.dx).toBe(-2);
    expect(guides(box(0, 0), [box(300, 300)]).guides).toEqual([]);
  });
});

describe("layouts", () => {
  const nodes = ["import_data", "split_data", "linear_regression", "train_model"].map((id, at) => node(id, id, at * 10, 80));
  const edges = ["import_data:dataset > split_data:dataset", "split_data:results1 > train_model:dataset", "linear_regression:learner > train_model:learner"].map(edge);

  it("by elk keep the order of ports and put sources above", async () => {
    const graph = elkGraph(nodes, edges, portsOf);
    expect(graph.children[3]!.ports.map((port) => port.id)).toEqual(["train_model/in/learner", "train_model/in/dataset", "train_model/out/model"]);
    const laid = await new ELK().layout(graph);
    const y = new Map(laid.children!.map((child) => [child.id, child.y!]));
    expect(y.get("import_data")!).toBeLessThan(y.get("split_data")!);
    expect(y.get("split_data")!).toBeLessThan(y.get("train_model")!);
    const x = new Map(laid.children!.map((child) => [child.id, child.x!]));
    expect(x.get("linear_regression")!).toBeLessThan(x.get("split_data")!); // the learner's port is the left one
  });

  it("begin where the graph began, on the grid", () => {
    const places = recentre(nodes, new Map(nodes.map((one, at) => [one.id, { x: 1000 + at * 33, y: 500 }])));
    expect(places.get("import_data")).toEqual({ x: 0, y: 80 });
    expect([...places.values()].every((at) => at.x % 8 === 0 && at.y % 8 === 0)).toBe(true);
    expect(recentre(nodes, new Map()).size).toBe(0);
  });

  it("by dagre come at once", async () => {
    const places = await tidy(nodes, edges);
    expect(places.get("import_data")!.y).toBeLessThan(places.get("split_data")!.y);
  });
});

describe("looking up by place", () => {
  const index = new SpatialIndex([{ id: "a", position: { x: 0, y: 0 }, width: 10, height: 10 }, { id: "b", position: { x: 3000, y: 3000 }, width: 10, height: 10 }], [{ id: "b:in", source: "a", target: "b" }]);

  it("finds what lies in a window, and its edges", () => {
    expect([...index.inside(box(-5, -5))]).toEqual(["a"]);
    expect([...index.inside(box(-5, -5, 4000, 4000))].sort()).toEqual(["a", "b"]);
    expect([index.edgesOf("a"), index.edgesOf("none")]).toEqual([["b:in"], []]);
  });

  it("knows inside from touching", () => {
    expect(holds(box(0, 0), box(10, 10, 20, 20))).toBe(true);
    expect(holds(box(0, 0), box(90, 10, 20, 20))).toBe(false);
    expect(overlaps(box(0, 0), box(90, 10, 20, 20))).toBe(true);
  });
});

describe("arrow keys", () => {
  const nodes = new Map([node("a", "x", 0, 0), node("b", "x", 0, 100), node("c", "x", 300, 100), node("d", "x", 900, 300)].map((one) => [one.id, one]));
  const edges = [{ id: "c:i", source: "a", sourceHandle: "o", target: "c", targetHandle: "i" }];

  it("follow the edges down and up, then the nearest", () => {
    expect(neighbourOf("a", "ArrowDown", nodes, edges)).toBe("c");
    expect(neighbourOf("c", "ArrowUp", nodes, edges)).toBe("a");
    expect(neighbourOf("b", "ArrowUp", nodes, edges)).toBe("a");
    expect(neighbourOf("b", "ArrowRight", nodes, edges)).toBe("c");
    expect(neighbourOf("a", "ArrowLeft", nodes, edges)).toBeNull();
    expect(neighbourOf("gone", "ArrowLeft", nodes, edges)).toBeNull();
  });
});
