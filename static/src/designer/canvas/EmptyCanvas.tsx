/** An empty canvas says how to begin and offers three samples. */
import { useActions } from "../commands/context.ts";
import { Icon } from "../app/Icon.tsx";
import { toast } from "../../ui/toast.ts";
import type { SampleLine } from "../store/config.ts";
import { useCatalogue, useConnection, useDesigner, useNodes, useNotes, useWritable } from "../store/hooks.ts";

export function EmptyCanvas() {
  const nodes = useNodes();
  const notes = useNotes();
  const empty = nodes.size === 0 && notes.size === 0;
  const { state } = useConnection();
  const { draft } = useDesigner();
  if (!empty) return null;
  if (!draft.isLive && state !== "offline") return <Skeleton />;
  return <Offer />;
}

function Skeleton() {
  return (
    <div className="d-skeleton" role="status" aria-label="Loading the pipeline">
      {[0, 1, 2, 3].map((at) => (
        <span key={at} className={`d-skeleton-node at-${at}`} />
      ))}
    </div>
  );
}

function Offer() {
  const designer = useDesigner();
  const actions = useActions();
  const writable = useWritable();
  const catalogue = useCatalogue();
  const samples = designer.config.samples.slice(0, 3);
  const open = async (sample: SampleLine): Promise<void> => {
    try {
      const made = await designer.api.call<{ guid: string }>("POST", "pipelines", { name: sample.title, from_sample: sample.id });
      location.assign(`/w/${encodeURIComponent(designer.config.workspace)}/pipelines/${made.guid}/`);
    } catch (error) {
      toast(error instanceof Error ? error.message : "The sample could not be opened.", "error");
    }
  };
  const start = catalogue?.get("import_data");
  return (
    <div className="d-empty">
      <h2>{writable ? "Start your pipeline" : "This pipeline is empty"}</h2>
      {writable && (
        <>
          <p className="secondary">Drag a module from the left, double-click the canvas, or press Space.</p>
          <div className="d-empty-actions">
            {start && (
              <button type="button" className="btn btn-primary" onClick={() => actions.add({ component: start }, null)}>
                <Icon icon="database" />
                Import data
              </button>
            )}
            <button type="button" className="btn" onClick={() => designer.ui.openDialog({ kind: "import" })}>
              <Icon icon="upload" />
              Import a graph
            </button>
          </div>
          {samples.length > 0 && (
            <ul className="d-samples" aria-label="Samples">
              {samples.map((sample) => (
                <li key={sample.id}>
                  <button type="button" className="card" onClick={() => void open(sample)}>
                    <strong>{sample.title}</strong>
                    <span className="secondary">{sample.description}</span>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </div>
  );
}
