/** What components read; each hook wakes its component only when its own value changes. */
import { createContext, useCallback, useContext, useRef, useSyncExternalStore } from "react";
import type { Catalogue } from "../../graph/catalogue.ts";
import type { Column, Component, GraphEdge, GraphGroup, GraphNode, GraphNote, GraphSettings, PipelineParameter, Problem } from "../../graph/types.ts";
import type { Rest } from "../../graph/resting.ts";
import { edgeId } from "../../graph/types.ts";
import type { Cell, Keyed } from "./cell.ts";
import type { ConnectionState } from "./connection.ts";
import type { Designer } from "./designer.ts";
import type { HistoryState } from "./history.ts";
import type { Peer } from "./presence.ts";
import type { NodeRun, RunHead } from "./runs.ts";
import type { Snapshot } from "./snapshot.ts";
import type { UiState } from "./ui.ts";

export const DesignerContext = createContext<Designer | null>(null);

export function useDesigner(): Designer {
  const designer = useContext(DesignerContext);
  if (!designer) throw new Error("useDesigner needs a DesignerContext above it.");
  return designer;
}

export function useCell<T>(cell: Cell<T>): T {
  return useSyncExternalStore(cell.subscribe, cell.get);
}

/** A part of a cell; `select` must return the same object as long as nothing changed. */
export function useSelect<T, S>(cell: Cell<T>, select: (value: T) => S): S {
  const last = useRef<{ value: T; picked: S } | null>(null);
  const read = useCallback((): S => {
    const value = cell.get();
    if (!last.current || last.current.value !== value) last.current = { value, picked: select(value) };
    return last.current.picked;
  }, [cell, select]);
  return useSyncExternalStore(cell.subscribe, read);
}

function useKey<T>(keyed: Keyed<T>, key: string | null): T | undefined {
  const subscribe = useCallback((wake: () => void) => (key === null ? () => undefined : keyed.subscribe(key, wake)), [keyed, key]);
  return useSyncExternalStore(subscribe, () => (key === null ? undefined : keyed.get(key)));
}

const part = <K extends keyof Snapshot>(key: K) => {
  const select = (snapshot: Snapshot): Snapshot[K] => snapshot[key];
  return (): Snapshot[K] => {
    const { snapshot } = useDesigner().draft;
    return useSyncExternalStore(snapshot.subscribe, () => select(snapshot.get()));
  };
};

export const useNodes: () => ReadonlyMap<string, GraphNode> = part("nodes");
export const useEdges: () => ReadonlyMap<string, GraphEdge> = part("edges");
export const useNotes: () => ReadonlyMap<string, GraphNote> = part("notes");
export const useGroups: () => ReadonlyMap<string, GraphGroup> = part("groups");
export const useParameters: () => ReadonlyMap<string, PipelineParameter> = part("parameters");
export const useSettings: () => GraphSettings = part("settings");

export const useNode = (id: string | null): GraphNode | undefined => useKey(useDesigner().draft.nodes, id);
export const useSelection = (): ReadonlySet<string> => useCell(useDesigner().ui.selection);
export const useSelectedEdges = (): ReadonlySet<string> => useCell(useDesigner().ui.selectedEdges);

/** The one selected node; nothing when none or several are. */
export function useSelectedNode(): GraphNode | undefined {
  const [first, second] = useSelection();
  return useNode(first !== undefined && second === undefined ? first : null);
}

export const useCatalogue = (): Catalogue | null => useCell(useDesigner().catalogue);

export function useComponent(node: Pick<GraphNode, "component" | "version"> | undefined): Component | undefined {
  const catalogue = useCatalogue();
  return node && catalogue?.of(node);
}

export const useProblems = (): readonly Problem[] => useCell(useDesigner().problems);

const NO_PROBLEMS: readonly Problem[] = [];
export const useNodeProblems = (id: string | null): readonly Problem[] => useKey(useDesigner().problemsOf, id) ?? NO_PROBLEMS;

/** The columns of an output port; null when nobody knows them yet. */
export const useColumns = (node: string | null, port: string): readonly Column[] | null => useKey(useDesigner().columns, node === null ? null : `${node}:${port}`) ?? null;

/** The columns that arrive at an input port. */
export function useInputColumns(node: string, port: string): readonly Column[] | null {
  const edge = useEdges().get(edgeId(node, port));
  return useColumns(edge?.source ?? null, edge?.sourceHandle ?? "");
}

/** Why a run would leave this module out; nothing when it would not. */
export const useResting = (node: string): Rest | undefined => useKey(useDesigner().resting, node);

export const useRun = (): RunHead | null => useCell(useDesigner().runs.head);
export const useRunOverlay = (node: string | null): NodeRun | undefined => useKey(useDesigner().runs.nodes, node);
export function useRunNodes(): ReadonlyMap<string, NodeRun> {
  const { nodes } = useDesigner().runs;
  return useSyncExternalStore(nodes.subscribeAll, nodes.all);
}

export const useHistory = (): HistoryState => useCell(useDesigner().draft.history.state);
export const useConnection = (): ConnectionState => useCell(useDesigner().connection);
export const useWritable = (): boolean => useCell(useDesigner().draft.writable);

export function useUi<K extends keyof UiState>(key: K): UiState[K] {
  const { state } = useDesigner().ui;
  return useSyncExternalStore(state.subscribe, () => state.get()[key]);
}

export const usePeers = (): readonly Peer[] => useCell(useDesigner().presence.peers);
export const useHolder = (node: string): Peer | undefined => useKey(useDesigner().presence.holder, node);
/** Who else edits this field right now. */
export const useFieldEditor = (node: string, param: string): Peer | undefined => useKey(useDesigner().presence.editor, `${node}:${param}`);
