/** The one dialog that is open, by the name that the rest of the designer gives it; its own chunk. */
import "../../styles/designer-dialogs.css";
import { PlanDialog } from "../run/PlanDialog.tsx";
import { useDesigner, useUi } from "../store/index.ts";
import { CommentsDialog } from "./CommentsDialog.tsx";
import { ComponentDialog } from "./ComponentDialog.tsx";
import { DiffDialog } from "./DiffDialog.tsx";
import { ExportDialog } from "./ExportDialog.tsx";
import { HistoryDialog } from "./HistoryDialog.tsx";
import { ImportDialog } from "./ImportDialog.tsx";
import { InferenceDialog } from "./InferenceDialog.tsx";
import { PublishDialog } from "./PublishDialog.tsx";
import { RunsDialog } from "./RunsDialog.tsx";
import { SettingsDialog } from "./SettingsDialog.tsx";
import { ShareDialog } from "./ShareDialog.tsx";
import { VersionsDialog } from "./VersionsDialog.tsx";

export default function AllDialogs() {
  const { ui } = useDesigner();
  const dialog = useUi("dialog");
  // A dialog that opened another one on its way out must not close that too.
  const onClose = (): void => {
    if (ui.state.get().dialog === dialog) ui.closeDialog();
  };
  switch (dialog?.kind) {
    case "plan":
      return <PlanDialog mode={dialog.mode} nodes={dialog.nodes} run={dialog.run} onClose={onClose} />;
    case "versions":
      return <VersionsDialog onClose={onClose} />;
    case "history":
      return <HistoryDialog onClose={onClose} />;
    case "diff":
      return <DiffDialog key={`${dialog.a} ${dialog.b}`} a={dialog.a} b={dialog.b} onClose={onClose} />;
    case "export":
      return <ExportDialog onClose={onClose} />;
    case "import":
      return <ImportDialog onClose={onClose} />;
    case "publish":
      return <PublishDialog onClose={onClose} />;
    case "settings":
      return <SettingsDialog onClose={onClose} />;
    case "runs":
      return <RunsDialog onClose={onClose} />;
    case "inference":
      return <InferenceDialog onClose={onClose} />;
    case "comments":
      return <CommentsDialog node={dialog.node} onClose={onClose} />;
    case "component":
      return <ComponentDialog nodes={dialog.nodes} title={dialog.title} onClose={onClose} />;
    case "share":
      return <ShareDialog onClose={onClose} />;
    default:
      return null;
  }
}
