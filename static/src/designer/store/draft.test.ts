import * as Y from "yjs";
import { describe, expect, it } from "vitest";
import { DraftStore } from "./draft.ts";
import { provideYjs } from "./yjs.ts";

provideYjs(Y);

function open(): DraftStore {
  const draft = new DraftStore();
  draft.attach(new Y.Doc());
  draft.begin();
  return draft;
}

describe("a draft", () => {
  it("undoes each command by its name, typing as one", () => {
    const draft = open();
    const id = draft.addNode({ component: "split_data", position: { x: 0, y: 0 }, params: { fraction: 0.5 } });
    draft.setParam(id, "fraction", 0.6);
    draft.setParam(id, "fraction", 0.7);
    expect(draft.history.state.get()).toEqual({ undo: "Set fraction of split data", redo: null });
    draft.undo();
    expect(draft.node(id)?.params).toEqual({ fraction: 0.5 });
    expect(draft.history.state.get()).toEqual({ undo: "Add split data", redo: "Set fraction of split data" });
    draft.redo();
    expect(draft.node(id)?.params).toEqual({ fraction: 0.7 });
  });

  it("keeps one edge an input", () => {
    const draft = open();
    for (const component of ["import_data", "import_data", "split_data"]) draft.addNode({ component, position: { x: 0, y: 0 } });
    for (const source of ["import_data", "import_data_2"]) draft.connect({ source, sourceHandle: "dataset", target: "split_data", targetHandle: "dataset" });
    expect(draft.graph().edges).toEqual([{ id: "split_data:dataset", source: "import_data_2", sourceHandle: "dataset", target: "split_data", targetHandle: "dataset" }]);
    draft.undo();
    expect(draft.graph().edges[0]?.source).toBe("import_data");
  });

  it("undoes my changes and leaves those of others", () => {
    const [mine, theirs] = [open(), open()];
    mine.doc.on("update", (update: Uint8Array) => Y.applyUpdate(theirs.doc, update));
    theirs.doc.on("update", (update: Uint8Array) => Y.applyUpdate(mine.doc, update));
    mine.addNode({ component: "import_data", position: { x: 0, y: 0 } });
    theirs.addNode({ component: "split_data", position: { x: 0, y: 100 } });
    mine.undo();
    expect([...mine.snapshot.get().nodes.keys()]).toEqual(["split_data"]);
    expect(theirs.graph()).toEqual(mine.graph());
  });

  it("leaves nodes that did not change the same objects", () => {
    const draft = open();
    draft.addNode({ component: "import_data", position: { x: 0, y: 0 } });
    draft.addNode({ component: "split_data", position: { x: 0, y: 100 } });
    const before = draft.node("import_data");
    draft.setLabel("split_data", "Halves");
    expect(draft.node("import_data")).toBe(before);
    expect(draft.node("split_data")?.label).toBe("Halves");
  });

  it("names the edited nodes, and not those that only moved", () => {
    const draft = open();
    const id = draft.addNode({ component: "split_data", position: { x: 0, y: 0 } });
    const told: string[][] = [];
    draft.onEdit.add((ids) => told.push([...ids]));
    draft.moveNodes(new Map([[id, { x: 8, y: 8 }]]));
    draft.setParam(id, "fraction", 0.9);
    expect(told).toEqual([[id]]);
  });

  it("refuses every change for a reader", () => {
    const draft = open();
    draft.writable.set(false);
    draft.addNode({ component: "split_data", position: { x: 0, y: 0 } });
    expect(draft.graph().nodes).toEqual([]);
  });

  it("renames a parameter together with what is bound to it", () => {
    const draft = open();
    const id = draft.addNode({ component: "split_data", position: { x: 0, y: 0 } });
    draft.setParameter("fraction", { type: "number", default: 0.7 });
    draft.bindParam(id, "fraction", "fraction");
    draft.renameParameter("fraction", "share");
    expect(draft.node(id)?.params["fraction"]).toBe("${{parent.inputs.share}}");
    draft.removeParameter("share");
    expect(draft.node(id)?.params["fraction"]).toBe(0.7);
  });
});
