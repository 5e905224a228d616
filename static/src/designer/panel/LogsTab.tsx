/** The log of a step in the run that is shown, with its error and a way to the line that failed. */
import type { GraphNode } from "../../graph/types.ts";
import { LogOf } from "../dock/LogOf.tsx";
import { Empty, Note } from "../data/parts.tsx";
import { useDesigner, useRunOverlay } from "../store/index.ts";

export default function LogsTab({ node }: { node: GraphNode }) {
  const { ui } = useDesigner();
  const ran = useRunOverlay(node.id);
  if (!ran?.run) {
    return (
      <Empty icon="terminal-2" title="No log yet">
        <p>Submit the pipeline; what this step prints appears here as it runs.</p>
      </Empty>
    );
  }
  return (
    <div className="p-logs">
      {ran.error && (
        <Note kind="error">
          <p>{ran.error.message}</p>
          {ran.error.hint && <p>{ran.error.hint}</p>}
        </Note>
      )}
      <LogOf run={ran.run} title={node.label || node.id} className="p-log" failed={ran.status === "Failed"} />
      <button type="button" className="p-link" onClick={() => ui.openDock("logs")}>
        Open below, with more room
      </button>
    </div>
  );
}
