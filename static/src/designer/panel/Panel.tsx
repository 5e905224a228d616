/** The right panel: what is selected, and where nothing is, the pipeline itself. */
import "../../styles/designer-panel.css";
import { useNodes, useSelection } from "../store/index.ts";
import { ManyPanel } from "./ManyPanel.tsx";
import { NodePanel } from "./NodePanel.tsx";
import { PipelinePanel } from "./PipelinePanel.tsx";

export function Panel() {
  const nodes = useNodes();
  const selected = [...useSelection()].filter((id) => nodes.has(id));
  if (selected.length > 1) return <ManyPanel ids={selected} />;
  const node = selected[0] === undefined ? undefined : nodes.get(selected[0]);
  return node ? <NodePanel key={node.id} node={node} /> : <PipelinePanel />;
}
