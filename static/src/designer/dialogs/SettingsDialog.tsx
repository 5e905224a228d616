/** The pipeline's settings where the panel is closed or shows a step. */
import { PipelineForm } from "../panel/PipelinePanel.tsx";
import { Modal } from "../data/parts.tsx";

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Modal title="Pipeline settings" onClose={onClose}>
      <div className="n-settings">
        <PipelineForm />
      </div>
    </Modal>
  );
}
