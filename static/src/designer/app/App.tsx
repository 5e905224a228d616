import { Dialogs } from "../dialogs/Dialogs.tsx";
import { Dock } from "../dock/Dock.tsx";
import { Panel } from "../panel/Panel.tsx";
import { DesignerContext, useUi, type Designer } from "../store/index.ts";

export function App({ designer }: { designer: Designer }) {
  return (
    <DesignerContext value={designer}>
      <Layout />
    </DesignerContext>
  );
}

function Layout() {
  const panelOpen = useUi("panelOpen");
  const dockOpen = useUi("dockOpen");
  return (
    <div className="designer">
      <div className="d-body">
        <div className="d-middle">
          <div className="d-canvas" />
          {dockOpen && (
            <section className="d-dock" aria-label="Results">
              <Dock />
            </section>
          )}
        </div>
        {panelOpen && (
          <aside className="d-panel" aria-label="Properties">
            <Panel />
          </aside>
        )}
      </div>
      <Dialogs />
    </div>
  );
}
