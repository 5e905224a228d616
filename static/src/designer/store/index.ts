/** The designer's store, as the panel, the dock and the canvas import it. */
export * from "./api.ts";
export { boundTo, type NewNode } from "./draft.ts";
export { Designer } from "./designer.ts";
export * from "./hooks.ts";
export type { Peer } from "./presence.ts";
export { type ConnectionState } from "./connection.ts";
export { type NodeRun, type NodeError, type RunHead, type StateAnswer } from "./runs.ts";
export type { Dialog, DockTab, Layer, PanelTab, PortRef, UiState } from "./ui.ts";
