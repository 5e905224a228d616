/** `?node=&tab=&run=`: what is looked at is in the address, so a link shows the same. */
import type { Designer } from "./designer.ts";
import type { PanelTab, UiStore } from "./ui.ts";

const TABS = new Set(["parameters", "outputs", "logs", "lineage", "settings"]);

/** Take over what the address names and return the run to show, if it names one. */
export function startFromUrl(ui: UiStore): string | null {
  const query = new URLSearchParams(location.search);
  const node = query.get("node");
  const tab = query.get("tab");
  const run = query.get("run");
  if (node) ui.select([node]);
  if (tab && TABS.has(tab)) ui.set({ panelTab: tab as PanelTab });
  if (run) ui.set({ overlay: "run" });
  return run;
}

export function followInUrl({ ui, runs }: Designer): () => void {
  const write = (): void => {
    const url = new URL(location.href);
    const [node, second] = ui.selection.get();
    const { overlay, panelTab } = ui.state.get();
    const run = overlay === "run" ? runs.head.get()?.guid : undefined;
    const wanted = { node: node && !second ? node : undefined, tab: node && !second && panelTab !== "parameters" ? panelTab : undefined, run };
    for (const [key, value] of Object.entries(wanted)) {
      if (value) url.searchParams.set(key, value);
      else url.searchParams.delete(key);
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  };
  const leave = [ui.selection.subscribe(write), ui.state.subscribe(write), runs.head.subscribe(write)];
  return () => leave.forEach((end) => end());
}
