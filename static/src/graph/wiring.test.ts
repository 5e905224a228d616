import { describe, expect, it } from "vitest";
import { downstream, loopOf, topological, upstream } from "./cycles.ts";
import { healing, portFor, splicePorts, starvedBy } from "./edits.ts";
import { catalogue, context, edge, node } from "./fixture.ts";
import { fits, kindOf, portOffset, shapeOf, typeLabel } from "./ports.ts";
import { checkWire, offersFor } from "./validate.ts";

const CHAIN = [node("import_data"), node("select_columns"), node("split_data"), node("linear_regression"), node("train_model")];
const WIRES = ["import_data:dataset > select_columns:dataset", "select_columns:results > split_data:dataset", "split_data:results1 > train_model:dataset", "linear_regression:learner > train_model:learner"];

describe("port types", () => {
  it("have a shape and a colour that both tell them apart", () => {
    const looks = ["dataset", "untrained_model", "trained_model", "transform", "metrics", "any"].map((type) => `${shapeOf(type)} ${kindOf(type)}`);
    expect(new Set(looks).size).toBe(6);
  });

  it("feed their own kind, files each other, and any takes all", () => {
    expect(fits("dataset", "dataset")).toBe(true);
    expect(fits("uri_folder", "dataset")).toBe(true);
    expect(fits("trained_model", "any")).toBe(true);
    expect(fits("trained_model", "dataset")).toBe(false);
  });

  it("follow the server's table where it says anything", () => {
    expect(fits("dataset", "any", { dataset: ["dataset"] })).toBe(false);
    expect(fits("images", "dataset", { images: ["images", "dataset"] })).toBe(true);
  });

  it("have words and places", () => {
    expect([typeLabel("trained_model"), typeLabel("my_type")]).toEqual(["Model", "my type"]);
    expect([portOffset(0, 1, 232), portOffset(0, 2, 232), portOffset(1, 2, 232), portOffset(1, 3, 232)]).toEqual([116, 78, 154, 116]);
  });
});

describe("a connection", () => {
  const here = context(CHAIN, ...WIRES);

  it("is allowed where types fit and says what it replaces", () => {
    expect(checkWire(here, edge("split_data:results2 > train_model:dataset"))).toEqual({ ok: true, replaces: "train_model:dataset" });
    expect(checkWire(context(CHAIN), edge("split_data:results2 > train_model:dataset"))).toEqual({ ok: true, replaces: null });
  });

  it.each([
    ["linear_regression:learner > split_data:dataset", "Learner cannot feed Dataset."],
    ["split_data:results1 > split_data:dataset", "A module cannot feed itself."],
    ["split_data:nothing > train_model:dataset", "Split Data has no output “nothing”."],
    ["split_data:results1 > train_model:nothing", "Train Model has no input “nothing”."],
    ["gone:out > train_model:dataset", "One of the two modules is no longer there."],
  ])("%s is refused: %s", (wire, reason) => {
    expect(checkWire(here, edge(wire))).toMatchObject({ ok: false, reason });
  });

  it("that would close a loop names the loop", () => {
    const verdict = checkWire(here, edge("split_data:results2 > select_columns:dataset"));
    expect(verdict).toEqual({ ok: false, loop: ["select_columns", "split_data"], reason: "This would close a loop of 2 modules: Select Columns → Split Data." });
  });

  it("is offered to every port that is legal, free and near ones first", () => {
    const nodes = [...CHAIN, node("join_data", "join_data", 0, 900), node("join_data_2", "join_data", 0, 100)];
    const offers = offersFor(context(nodes, ...WIRES), "split_data", "results2", "source");
    expect(offers.map((offer) => offer.text)).toEqual(["Join Data: Left", "Join Data: Right", "Join Data: Left", "Join Data: Right", "Train Model: Dataset"]);
    expect(offers.at(-1)?.taken).toBe(true);
    expect(offers[0]?.node.id).toBe("join_data_2");
    expect(offersFor(context(nodes, ...WIRES), "train_model", "learner", "target").map((offer) => offer.text)).toEqual(["Linear Regression: Learner"]);
    expect(offersFor(here, "gone", "x", "source")).toEqual([]);
  });
});

describe("ways", () => {
  const edges = WIRES.map(edge);

  it("lead up and down", () => {
    expect([...downstream(["select_columns"], edges)].sort()).toEqual(["split_data", "train_model"]);
    expect([...upstream(["split_data"], edges)].sort()).toEqual(["import_data", "select_columns"]);
  });

  it("find the shortest loop from the target on", () => {
    expect(loopOf(edges, "train_model", "import_data")).toEqual(["import_data", "select_columns", "split_data", "train_model"]);
    expect(loopOf(edges, "import_data", "train_model")).toEqual([]);
    expect(loopOf([], "a", "a")).toEqual(["a"]);
  });

  it("order sources first and what is in a loop last", () => {
    expect(topological(["train_model", "split_data", "select_columns", "import_data"], edges)).toEqual(["import_data", "select_columns", "split_data", "train_model"]);
    expect(topological(["a", "b", "c"], [{ source: "a", target: "b" }, { source: "b", target: "a" }])).toEqual(["c", "a", "b"]);
  });
});

describe("deleting", () => {
  it("a pass-through module heals the edge", () => {
    expect(healing(context(CHAIN, ...WIRES), new Set(["select_columns"]))).toEqual([{ source: "import_data", sourceHandle: "dataset", target: "split_data", targetHandle: "dataset" }]);
  });

  it("several in a row heals across all of them", () => {
    expect(healing(context(CHAIN, ...WIRES), new Set(["select_columns", "split_data"]))).toEqual([{ source: "import_data", sourceHandle: "dataset", target: "train_model", targetHandle: "dataset" }]);
  });

  it("heals nothing where types do not fit", () => {
    const nodes = [...CHAIN, node("score_model")];
    expect(healing(context(nodes, ...WIRES, "train_model:model > score_model:model"), new Set(["train_model"]))).toEqual([]);
  });
});

describe("what a deletion leaves", () => {
  const { edges } = context(CHAIN, ...WIRES);

  it("is who loses an input that nothing heals", () => {
    expect(starvedBy(edges.values(), new Set(["import_data"]), new Set(), [])).toEqual(["select_columns"]);
    expect(starvedBy(edges.values(), new Set(), new Set(["train_model:dataset"]), [])).toEqual(["train_model"]);
  });

  it("is nobody where the edge heals or all of it goes", () => {
    const gone = new Set(["select_columns"]);
    expect(starvedBy(edges.values(), gone, new Set(), healing(context(CHAIN, ...WIRES), gone))).toEqual([]);
    expect(starvedBy(edges.values(), new Set(CHAIN.map((one) => one.id)), new Set(), [])).toEqual([]);
  });
});

describe("inserting", () => {
  it("into an edge takes the ports of its type", () => {
    const here = context(CHAIN, ...WIRES);
    const wire = here.edges.get("split_data:dataset")!;
    expect(splicePorts(here, wire, catalogue.get("clean_missing_data")!)).toMatchObject({ input: { name: "dataset" }, output: { name: "cleaned" } });
    expect(splicePorts(here, wire, catalogue.get("linear_regression")!)).toBeNull();
  });

  it("at a loose end takes its own type before any", () => {
    expect(portFor(catalogue.get("train_model")!, "source", "dataset", catalogue)?.name).toBe("dataset");
    expect(portFor(catalogue.get("export_any")!, "source", "dataset", catalogue)?.name).toBe("anything");
    expect(portFor(catalogue.get("import_data")!, "target", "trained_model", catalogue)).toBeNull();
  });
});
