/** Turn a trained pipeline into one that scores new data: the trained model stands in for its training. */
import { useState } from "react";
import { wordsOf } from "../data/asking.ts";
import { Icon, Modal, Note } from "../data/parts.tsx";
import { useDesigner, type DraftAnswer } from "../store/index.ts";

const STEPS = [
  "Training steps are left out; the model that the last run trained takes their place.",
  "Fitted transformations (cleaning, scaling) are kept as they were fitted.",
  "An input for new rows stands where the data comes in, an output where the scores leave.",
];

export function InferenceDialog({ onClose }: { onClose: () => void }) {
  const { api, config } = useDesigner();
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const make = (): void => {
    setBusy(true);
    api.post<DraftAnswer>("/inference").then(
      (made) => location.assign(`/w/${encodeURIComponent(config.workspace)}/pipelines/${made.guid}/`),
      (problem: unknown) => {
        setBusy(false);
        setError(wordsOf(problem));
      },
    );
  };
  return (
    <Modal
      title="Create an inference pipeline"
      onClose={onClose}
      foot={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="btn btn-primary" disabled={isBusy || !config.canWrite} onClick={make}>
            <Icon icon="route" />
            {isBusy ? "Creating…" : "Create as a new draft"}
          </button>
        </>
      }
    >
      <p>A copy of this pipeline that scores new data instead of training:</p>
      <ul className="n-list">
        {STEPS.map((step) => (
          <li key={step}>
            <Icon icon="check" className="icon-sm" />
            {step}
          </li>
        ))}
      </ul>
      <p className="secondary">This draft stays as it is.</p>
      {error && <Note kind="error">{error}</Note>}
    </Modal>
  );
}
