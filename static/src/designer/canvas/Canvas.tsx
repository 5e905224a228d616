/** The canvas: React Flow told what to draw by `Flow`, and what to do by `Actions`. */
import { ConnectionLineType, ReactFlow, ReactFlowProvider, SelectionMode, useReactFlow, useStoreApi, type FinalConnectionState, type Viewport } from "@xyflow/react";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { GRID } from "../../graph/arrange.ts";
import type { Point, Wire } from "../../graph/types.ts";
import { checkWire } from "../../graph/validate.ts";
import type { Actions } from "../commands/actions.ts";
import { lazily } from "../app/lazily.ts";
import { lookInto, mayHold } from "../commands/components.ts";
import { useActions } from "../commands/context.ts";
import { useCell, useDesigner, useUi, useWritable } from "../store/hooks.ts";
import { ConnectLine } from "./ConnectLine.tsx";
import { beginConnecting, connecting } from "./connecting.ts";
import { Controls } from "./Controls.tsx";
import { Cursors } from "./Cursors.tsx";
import { Dots } from "./Dots.tsx";
import { EmptyCanvas } from "./EmptyCanvas.tsx";
import { Flow } from "./flow.ts";
import { FoldedView, GroupView } from "./GroupView.tsx";
import { GuideLines, makeGuides } from "./guides.tsx";
import { makeHandle } from "./handle.ts";
import { longPress } from "./longpress.ts";
import { Minimap } from "./Minimap.tsx";
import { makeMotion, type Motion } from "./motion.ts";
import { ModuleView } from "./ModuleView.tsx";
import { NoteView } from "./NoteView.tsx";
import { hideTip } from "./tip.ts";
import { Tips } from "./Tips.tsx";
import { FRAME_PREFIX, type FlowEdge, type FlowNode } from "./types.ts";
import { makeDropEdge } from "./dropedge.ts";
import { useZoomBucket } from "./zoom.ts";
import { WireView } from "./WireView.tsx";

const Overview = lazily(async () => ({ default: (await import("./Overview.tsx")).Overview }));
const NODE_TYPES = { module: ModuleView, note: NoteView, group: GroupView, folded: FoldedView };
const EDGE_TYPES = { wire: WireView };
const SNAP: [number, number] = [GRID, GRID];
const MULTI = ["Shift", "Control", "Meta"];

export function Canvas() {
  return (
    <ReactFlowProvider>
      <Surface />
    </ReactFlowProvider>
  );
}

function useColorMode(): "light" | "dark" {
  const read = (): "light" | "dark" => (document.documentElement.dataset["bsTheme"] === "dark" ? "dark" : "light");
  const [mode, setMode] = useState(read);
  useEffect(() => {
    const again = (): void => setMode(read());
    document.addEventListener("theme-changed", again);
    return () => document.removeEventListener("theme-changed", again);
  }, []);
  return mode;
}

function Surface() {
  const designer = useDesigner();
  const actions = useActions();
  const instance = useReactFlow<FlowNode, FlowEdge>();
  const store = useStoreApi();
  const [flow] = useState(() => new Flow(designer));
  const root = useRef<HTMLDivElement>(null);
  const nodes = useCell(flow.nodes);
  const edges = useCell(flow.edges);
  const overview = useCell(flow.overview);
  const mine = useWritable();
  const component = useUi("component");
  const writable = mine && !component;
  const colorMode = useColorMode();
  useZoomBucket(root);

  useEffect(() => {
    actions.canvas = makeHandle(designer, flow, instance, root);
    designer.ui.reveal = (ids, focus) => {
      const boxes = ids.flatMap((id) => {
        const node = flow.view.get().nodes.get(id);
        return node ? [{ ...node.position, width: node.width ?? 0, height: node.height ?? 0 }] : [];
      });
      actions.canvas?.show(boxes);
      if (focus && ids[0]) actions.canvas?.focus(ids[0]);
    };
    return () => {
      actions.canvas = null;
    };
  }, [actions, designer, flow, instance]);
  useFirstFit(flow);
  const before = useRef(component);
  useEffect(() => {
    if (before.current === component) return;
    before.current = component;
    requestAnimationFrame(() => actions.canvas?.fit());
  }, [actions, component]);

  // What is in the window changes by moving, by zooming, and when panels open and close.
  useEffect(() => {
    const look = (): void => {
      const { transform, width, height } = store.getState();
      const [x, y, zoom] = transform;
      if (width) flow.look({ x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom }, zoom);
    };
    look();
    return store.subscribe(look);
  }, [flow, store]);
  const links = useConnections(flow);
  // The same handlers in each render: a new one would wake everything that watches React Flow's store.
  const guides = useMemo(() => makeGuides(flow), [flow]);
  const [motion] = useState(() => makeMotion(root));
  const gestures = useMemo(() => gestureHandlers(actions, guides, motion), [actions, guides, motion]);
  const moves = useMemo(() => moveHandlers(motion), [motion]);
  const pointer = useMemo(() => ({ ...pointerHandlers(designer, instance), ...longPress((screen, node, edge) => menuAt(designer.ui, screen, node, edge)) }), [designer, instance]);

  return (
    <div className={`d-flow ${writable ? "" : "is-readonly"}`} ref={root} role="group" aria-label="Pipeline canvas. Arrow keys move along the connections, C connects, question mark lists all keys." tabIndex={nodes.length && !overview ? -1 : 0} {...pointer}>
      <ReactFlow<FlowNode, FlowEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodesChange={flow.onNodesChange}
        onEdgesChange={flow.onEdgesChange}
        {...moves}
        {...gestures}
        {...links}
        nodesDraggable={writable}
        nodesConnectable={writable}
        nodesFocusable={false}
        edgesFocusable={false}
        edgesReconnectable={writable}
        elementsSelectable
        disableKeyboardA11y
        deleteKeyCode={null}
        multiSelectionKeyCode={MULTI}
        selectionKeyCode="Shift"
        selectionMode={SelectionMode.Partial}
        panOnScroll
        zoomOnDoubleClick={false}
        minZoom={0.1}
        maxZoom={2}
        snapToGrid
        snapGrid={SNAP}
        nodeDragThreshold={2}
        connectionLineType={ConnectionLineType.Bezier}
        connectionLineComponent={ConnectLine}
        connectionRadius={24}
        elevateNodesOnSelect={false}
        autoPanOnNodeFocus={false}
        colorMode={colorMode}
        attributionPosition="bottom-center"
      >
        <Dots />
        <Suspense>{overview && <Overview flow={flow} />}</Suspense>
        <GuideLines lines={guides.lines} />
        <Cursors />
        <Controls />
        <Minimap flow={flow} />
      </ReactFlow>
      <div className="d-shield" hidden />
      <EmptyCanvas />
      <Tips />
    </div>
  );
}

function moveHandlers(motion: Motion) {
  return {
    onMoveStart: (event: MouseEvent | TouchEvent | null, viewport: Viewport) => {
      hideTip();
      motion.begin(event, viewport);
    },
    onMove: (_: unknown, viewport: Viewport) => motion.move(viewport),
    onMoveEnd: () => motion.end(),
  };
}

function menuAt(ui: Actions["ui"], screen: Point, node: string | null, edge?: string | null): void {
  if (node && !ui.selection.get().has(node)) ui.select([node]);
  if (edge) ui.select([], [edge]);
  ui.openLayer({ kind: "menu", screen, target: { ...(node ? { node } : {}), ...(edge ? { edge } : {}) } });
}

function gestureHandlers(actions: Actions, guides: ReturnType<typeof makeGuides>, motion: Motion) {
  const { ui } = actions.designer;
  const dropEdge = makeDropEdge(actions);
  const openMenu = (event: React.MouseEvent | MouseEvent, node: string | null, edge?: string): void => {
    event.preventDefault();
    menuAt(ui, { x: event.clientX, y: event.clientY }, node, edge);
  };
  return {
    onNodeDragStart: (event: React.MouseEvent | MouseEvent | TouchEvent) => motion.grab(event),
    onNodeDrag: (_: unknown, node: FlowNode, dragged: FlowNode[]) => {
      guides.onDrag(node, dragged);
      dropEdge.onDrag(node, dragged);
    },
    onNodeDragStop: (_: unknown, node: FlowNode) => {
      motion.end();
      guides.onStop();
      dropEdge.onStop(node);
    },
    onNodeClick: (event: React.MouseEvent, node: FlowNode) => {
      // One of many: a plain click means this one.
      if (!event.shiftKey && !event.ctrlKey && !event.metaKey) ui.select([node.id]);
    },
    onNodeDoubleClick: (_: unknown, node: FlowNode) => {
      if (node.type !== "module") return;
      if (mayHold(node.data.component) && !ui.state.get().component) void lookInto(actions.designer, node.data.node);
      else ui.openPanel();
    },
    onNodeContextMenu: (event: React.MouseEvent, node: FlowNode) => openMenu(event, node.id),
    onEdgeContextMenu: (event: React.MouseEvent, edge: FlowEdge) => openMenu(event, null, edge.id),
    // React Flow lets go only of what it was given.
    onPaneClick: () => ui.select([]),
    onSelectionStart: () => ui.select([]),
    onPaneContextMenu: (event: React.MouseEvent | MouseEvent) => openMenu(event, null),
  };
}

/** Fit once, when the first nodes are there. */
function useFirstFit(flow: Flow): void {
  const actions = useActions();
  useEffect(() => {
    let done = false;
    const fit = (): void => {
      if (done || !flow.view.get().nodes.size || !actions.canvas) return;
      done = true;
      requestAnimationFrame(() => actions.canvas?.fit());
    };
    fit();
    return flow.view.subscribe(fit);
  }, [flow, actions]);
}

/** Ports of a folded group stand for those of its members. */
function realWire({ source, sourceHandle, target, targetHandle }: { source: string; sourceHandle?: string | null; target: string; targetHandle?: string | null }): Wire {
  const end = (node: string, port: string): [string, string] => {
    if (!node.startsWith(FRAME_PREFIX)) return [node, port];
    const at = port.indexOf(":");
    return [port.slice(0, at), port.slice(at + 1)];
  };
  const [from, fromPort] = end(source, sourceHandle ?? "");
  const [to, toPort] = end(target, targetHandle ?? "");
  return { source: from, sourceHandle: fromPort, target: to, targetHandle: toPort };
}

/** Drawing edges: what is legal glows, what is not says why, an empty place offers what would fit. */
function useConnections(flow: Flow) {
  const designer = useDesigner();
  const actions = useActions();
  const instance = useReactFlow();
  return useMemo(() => {
    const screenOf = (event: MouseEvent | TouchEvent) => ("changedTouches" in event ? { x: event.changedTouches[0]?.clientX ?? 0, y: event.changedTouches[0]?.clientY ?? 0 } : { x: event.clientX, y: event.clientY });
    const begin = (_: unknown, { nodeId, handleId, handleType }: { nodeId: string | null; handleId: string | null; handleType: "source" | "target" | null }): void => {
      hideTip();
      const context = actions.context();
      if (!context || !nodeId || !handleId || !handleType) return;
      const wire = realWire({ source: nodeId, sourceHandle: handleId, target: "", targetHandle: "" });
      beginConnecting(context, wire.source, wire.sourceHandle, handleType, flow.nearby());
    };
    const end = (event: MouseEvent | TouchEvent, state: FinalConnectionState): void => {
      const from = connecting.get();
      connecting.set(null);
      if (!from || state.isValid) return;
      const screen = screenOf(event);
      if (state.toHandle && state.fromHandle) {
        const [source, target] = from.side === "source" ? [state.fromHandle, state.toHandle] : [state.toHandle, state.fromHandle];
        if (state.fromHandle.type === state.toHandle.type) {
          if (state.fromHandle.nodeId === state.toHandle.nodeId) return;
          return actions.refuse(state.fromHandle.type === "source" ? "An output cannot feed an output: end on an input, at the top of a module." : "An input cannot feed an input: end on an output, at the foot of a module.", screen);
        }
        const context = actions.context();
        const verdict = context && checkWire(context, realWire({ source: source.nodeId, sourceHandle: source.id ?? "", target: target.nodeId, targetHandle: target.id ?? "" }));
        if (verdict && !verdict.ok) actions.refuse(verdict.reason, screen, verdict.loop);
        return;
      }
      const dropped = document.elementFromPoint(screen.x, screen.y);
      if (!dropped?.closest(".react-flow__pane") || !actions.canEdit) return;
      designer.ui.openLayer({ kind: "quickadd", at: instance.screenToFlowPosition(screen), screen, from: { node: from.node, port: from.port, side: from.side } });
    };
    return {
      onConnectStart: begin,
      onConnectEnd: end,
      onClickConnectStart: begin,
      onClickConnectEnd: () => connecting.set(null),
      isValidConnection: (wire: Parameters<typeof realWire>[0]) => {
        const context = actions.context();
        return context !== null && checkWire(context, realWire(wire)).ok;
      },
      onConnect: (wire: Parameters<typeof realWire>[0]) => void actions.connect(realWire(wire)),
      onReconnect: (old: FlowEdge, wire: Parameters<typeof realWire>[0]) => {
        const next = realWire(wire);
        const context = actions.context();
        if (!context || !actions.canEdit || !checkWire(context, next).ok) return;
        designer.draft.change("Reconnect", () => {
          designer.draft.disconnect([old.id]);
          designer.draft.connect(next);
        });
      },
    };
  }, [actions, designer, flow, instance]);
}

function pointerHandlers(designer: ReturnType<typeof useDesigner>, instance: ReturnType<typeof useReactFlow<FlowNode, FlowEdge>>) {
  return {
    onPointerMove: (event: React.PointerEvent) => {
      if (designer.presence.peers.get().length) designer.presence.point(instance.screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false }));
    },
    onPointerLeave: () => designer.presence.point(null),
    onDoubleClick: (event: React.MouseEvent) => {
      if (!(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane") || !designer.draft.writable.get() || designer.ui.state.get().component) return;
      const screen = { x: event.clientX, y: event.clientY };
      designer.ui.openLayer({ kind: "quickadd", at: instance.screenToFlowPosition(screen), screen });
    },
  };
}
