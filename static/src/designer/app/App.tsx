/** The island: top bar additions, toolbar, palette, canvas or outline, results below, properties at the right. */
import { Suspense, useEffect, useState } from "react";
import { lazily } from "./lazily.ts";
import { Canvas } from "../canvas/Canvas.tsx";
import { ConnectList } from "../canvas/ConnectList.tsx";
import { ContextMenu } from "../canvas/ContextMenu.tsx";
import { FindBar } from "../canvas/FindBar.tsx";
import { QuickAdd } from "../canvas/QuickAdd.tsx";
import { Actions } from "../commands/actions.ts";
import { ActionsContext, useActions } from "../commands/context.ts";
import { listenForKeys } from "../commands/keys.ts";
import { offerInPalette } from "../commands/search.ts";
import { Palette } from "../palette/Palette.tsx";
import { DesignerContext, useDesigner, useGroups, useUi, useWritable } from "../store/hooks.ts";
import type { Designer } from "../store/designer.ts";
import { followInUrl } from "../store/location.ts";
import { Icon } from "./Icon.tsx";
import { RunSummary } from "./RunSummary.tsx";
import { Splitter } from "./Splitter.tsx";
import { useStored } from "./stored.ts";
import { Toolbar } from "./Toolbar.tsx";
import { OfflineBanner, Topbar } from "./Topbar.tsx";

// The canvas comes first; what stands around it is fetched beside it, and dialogs when one is opened.
const Panel = lazily(async () => ({ default: (await import("../panel/Panel.tsx")).Panel }));
const Dock = lazily(async () => ({ default: (await import("../dock/Dock.tsx")).Dock }));
const Outline = lazily(async () => ({ default: (await import("../outline/Outline.tsx")).Outline }));
const Dialogs = lazily(async () => ({ default: (await import("../dialogs/Dialogs.tsx")).Dialogs }));
const Shortcuts = lazily(async () => ({ default: (await import("../commands/Shortcuts.tsx")).Shortcuts }));

export function App({ designer }: { designer: Designer }) {
  const [actions] = useState(() => new Actions(designer));
  return (
    <DesignerContext value={designer}>
      <ActionsContext value={actions}>
        <Layout />
      </ActionsContext>
    </DesignerContext>
  );
}

function Layout() {
  const designer = useDesigner();
  const actions = useActions();
  useEffect(() => {
    const leave = [listenForKeys(actions), followInUrl(designer), offerInPalette(actions)];
    return () => leave.forEach((end) => end());
  }, [actions, designer]);
  const paletteOpen = useUi("paletteOpen");
  const panelOpen = useUi("panelOpen");
  const dockOpen = useUi("dockOpen");
  const view = useUi("view");
  const layer = useUi("layer");
  const dialog = useUi("dialog");
  const writable = useWritable();
  const [paletteWidth, setPaletteWidth] = useStored("palette", 252);
  const [panelWidth, setPanelWidth] = useStored("panel", 328);
  const [dockHeight, setDockHeight] = useStored("dock", 204);
  const sizes = { "--palette": `${paletteWidth}px`, "--panel": `${panelWidth}px`, "--dock": `${dockHeight}px` } as React.CSSProperties;
  return (
    <div className="designer" style={sizes}>
      <h1 className="visually-hidden">{designer.config.name}</h1>
      <Topbar />
      <Toolbar />
      <OfflineBanner />
      <div className="d-body">
        {paletteOpen && writable && (
          <>
            <aside className="d-palette" aria-label="Modules and assets">
              <Palette />
            </aside>
            <Splitter label="Width of the palette" axis="x" value={paletteWidth} min={200} max={480} sign={1} onChange={setPaletteWidth} />
          </>
        )}
        <div className="d-middle">
          <div className="d-canvas">
            <Crumbs />
            <RunSummary />
            <FindBar />
            {/* The canvas stays mounted under the outline, so its place and zoom are kept. */}
            <div className={view === "canvas" ? "d-view" : "d-view is-hidden"} inert={view !== "canvas"}>
              <Canvas />
            </div>
            {view === "outline" && (
              <Suspense>
                <Outline />
              </Suspense>
            )}
          </div>
          {dockOpen && (
            <>
              <Splitter label="Height of the results" axis="y" value={dockHeight} min={96} max={640} sign={-1} onChange={setDockHeight} />
              <section className="d-dock" aria-labelledby="d-dock-title">
                <h2 className="visually-hidden" id="d-dock-title">
                  Results
                </h2>
                <Suspense>
                  <Dock />
                </Suspense>
              </section>
            </>
          )}
        </div>
        {panelOpen && (
          <>
            <Splitter label="Width of the properties" axis="x" value={panelWidth} min={260} max={640} sign={-1} onChange={setPanelWidth} />
            <aside className="d-panel" aria-label="Properties">
              <Suspense>
                <Panel />
              </Suspense>
            </aside>
          </>
        )}
      </div>
      <QuickAdd />
      <ConnectList />
      <ContextMenu />
      <Suspense>
        {layer?.kind === "shortcuts" && <Shortcuts />}
        {dialog && <Dialogs />}
      </Suspense>
    </div>
  );
}

function leaveComponent(ui: Designer["ui"], node: string): void {
  ui.set({ component: null });
  ui.select([node]);
}

/** Where one is when looking into a group or a component. */
function Crumbs() {
  const inside = useUi("inside");
  const groups = useGroups();
  const { ui, config } = useDesigner();
  const component = useUi("component");
  if (component) {
    return (
      <nav className="d-crumbs" aria-label="Component">
        <button type="button" className="btn btn-sm btn-ghost" onClick={() => leaveComponent(ui, component.node)}>
          <Icon icon="arrow-left" className="icon-sm" />
          {config.name}
        </button>
        <span>/</span>
        <strong aria-current="page">{component.inside.title}</strong>
        <span className="tag">Version {component.inside.version}, to look at</span>
      </nav>
    );
  }
  if (!inside) return null;
  return (
    <nav className="d-crumbs" aria-label="Group">
      <button type="button" className="btn btn-sm btn-ghost" onClick={() => ui.set({ inside: null })}>
        <Icon icon="arrow-left" className="icon-sm" />
        {config.name}
      </button>
      <span>/</span>
      <strong aria-current="page">{groups.get(inside)?.label ?? "Group"}</strong>
    </nav>
  );
}
