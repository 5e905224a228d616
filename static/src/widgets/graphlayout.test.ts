import { describe, expect, it } from "vitest";
import { neighbour, NODE_HEIGHT, place, portType, type RunGraph } from "./graphlayout.ts";
import { widthOf } from "./gridsource.ts";

const node = (id: string) => ({ id, label: id, status: "Queued" });
const graph: RunGraph = {
  nodes: ["data", "clean", "split", "train", "score"].map(node),
  edges: [
    { source: "data", target: "clean", sourceType: "dataset" },
    { source: "clean", target: "split", sourceType: "dataset" },
    { source: "split", target: "train", sourcePort: "a", sourceType: "dataset" },
    { source: "split", target: "score", sourcePort: "b", targetPort: "dataset", sourceType: "dataset" },
    { source: "train", target: "score", targetPort: "model", sourceType: "trained_model" },
  ],
};

describe("a run graph", () => {
  const placed = place(graph);

  it("flows downwards and keeps nodes apart", () => {
    for (const { source, target } of graph.edges) {
      expect(placed.nodes.get(target)!.y).toBeGreaterThanOrEqual(placed.nodes.get(source)!.y + NODE_HEIGHT);
    }
    expect(placed.order).toEqual(["data", "clean", "split", "train", "score"]);
  });

  it("gives each output and each input a port of its own", () => {
    const split = placed.nodes.get("split")!;
    const below = placed.ports.filter((port) => port.y === split.y + NODE_HEIGHT && port.x > split.x && port.x < split.x + 232);
    expect(below.length).toBe(2);
    expect(placed.ports.filter((port) => port.type === "model").length).toBe(2);
  });

  it("sets what hangs on a hub in rows that fit a page, and keeps each chain together", () => {
    const chains = Array.from({ length: 66 }, (_, at) => at);
    const big: RunGraph = {
      nodes: ["raw", "data", ...chains.flatMap((at) => [`run${at}`, `model${at}`, `score${at}`])].map(node),
      edges: [
        { source: "raw", target: "data" },
        ...chains.flatMap((at) => [
          { source: "data", target: `run${at}` },
          { source: `run${at}`, target: `model${at}` },
          { source: `model${at}`, target: `score${at}` },
        ]),
      ],
    };
    const many = place(big);
    expect(many.nodes.size).toBe(200);
    expect(many.width).toBeLessThan(4000);
    const spots = [...many.nodes.values()];
    // One look at the end: tens of thousands of expectations take longer than the layout.
    const touching = spots.filter((a, at) => spots.slice(at + 1).some((b) => Math.abs(a.x - b.x) < 232 && Math.abs(a.y - b.y) < NODE_HEIGHT));
    expect(touching).toEqual([]);
    const outside = spots.filter((a) => a.x < 0 || a.x + 232 > many.width || a.y + NODE_HEIGHT > many.height);
    expect(outside).toEqual([]);
    const upwards = big.edges.filter(({ source, target }) => many.nodes.get(target)!.y <= many.nodes.get(source)!.y);
    expect(upwards).toEqual([]);
    const bent = chains.filter((at) => many.nodes.get(`run${at}`)!.x !== many.nodes.get(`model${at}`)!.x);
    expect(bent).toEqual([]);
    expect(many.order.slice(0, 2)).toEqual(["raw", "data"]);
    const below = many.nodes.get(neighbour("data", "ArrowDown", big, many)!)!;
    expect(below.rank).toBe(2);
  });

  it("is walked with arrows along its edges", () => {
    expect(neighbour("split", "ArrowDown", graph, placed)).toMatch(/train|score/);
    expect(neighbour("score", "ArrowUp", graph, placed)).toMatch(/train|split/);
    expect(neighbour("data", "ArrowUp", graph, placed)).toBeUndefined();
    expect(neighbour("data", "ArrowRight", graph, placed)).toBe("clean");
  });

  it("leaves out edges to nodes that are not there", () => {
    const odd = place({ nodes: [node("a")], edges: [{ source: "a", target: "gone" }] });
    expect(odd.edges).toEqual([]);
  });

  it("knows the family of a port type", () => {
    expect(["uri_folder", "mlflow_model", "untrained_model", "metrics", "images", undefined].map(portType)).toEqual([
      "dataset", "model", "learner", "metrics", "any", "any",
    ]);
  });
});

describe("a column", () => {
  it("is as wide as its longest value, within limits", () => {
    expect(widthOf({ name: "id" }, [1])).toBeLessThan(100);
    expect(widthOf({ name: "text" }, ["x".repeat(500)])).toBe(300);
  });
});
