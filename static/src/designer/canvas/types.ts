/** What the canvas draws: React Flow's nodes and edges with our data in them. */
import type { Edge, Node } from "@xyflow/react";
import type { Component, GraphEdge, GraphGroup, GraphNode, GraphNote } from "../../graph/types.ts";

export interface BoundaryPort {
  /** "<node>:<port>" of the port inside. */
  id: string;
  type: string;
  label: string;
}

export type ModuleNode = Node<{ node: GraphNode; component: Component | undefined }, "module">;
export type NoteNode = Node<{ note: GraphNote }, "note">;
export type GroupNode = Node<{ group: GraphGroup; count: number; members: readonly string[] }, "group">;
export type FoldedNode = Node<{ group: GraphGroup; members: readonly string[]; inputs: BoundaryPort[]; outputs: BoundaryPort[] }, "folded">;
export type FlowNode = ModuleNode | NoteNode | GroupNode | FoldedNode;
export type FlowEdge = Edge<{ wire: GraphEdge; type: string; labelled: boolean }, "wire">;

export const FRAME_PREFIX = "group:";
