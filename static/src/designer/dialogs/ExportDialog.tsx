/** The pipeline as text that other tools read: Azure's YAML, a Python script, or graph JSON. */
import { useState } from "react";
import { copyText } from "../../ui/shell.ts";
import { codeEditor } from "../../widgets/code.ts";
import { useAsked } from "../data/asking.ts";
import { Hosted, Icon, Modal, Note, Tabs } from "../data/parts.tsx";
import { useDesigner } from "../store/index.ts";

type Format = "yaml" | "python" | "json";
const FORMATS: { id: Format; label: string }[] = [
  { id: "yaml", label: "YAML" },
  { id: "python", label: "Python" },
  { id: "json", label: "JSON" },
];
const TELL: Record<Format, string> = {
  yaml: "A pipeline job as Azure ML writes it; officina job create -f runs it.",
  python: "A script that builds the same pipeline; run it to submit.",
  json: "The graph itself; Import makes a draft of it again.",
};

export function ExportDialog({ onClose }: { onClose: () => void }) {
  const { api, config } = useDesigner();
  const [format, setFormat] = useState<Format>("yaml");
  const { answer, error, again } = useAsked(`export ${format}`, (signal) => api.get<string | object>(`/export?format=${format}`, signal));
  const text = answer === null ? null : typeof answer === "string" ? answer : JSON.stringify(answer, null, 2);
  const stem = config.name.replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^_+|_+$/g, "") || "pipeline";
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([text ?? ""], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${stem}.${format === "python" ? "py" : format === "yaml" ? "yml" : "json"}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <Modal
      title="Export"
      wide
      onClose={onClose}
      foot={
        <>
          <span className="p-start secondary">{TELL[format]}</span>
          <button type="button" className="btn" disabled={text === null} onClick={() => void copyText(text ?? "")}>
            <Icon icon="copy" />
            Copy
          </button>
          <button type="button" className="btn btn-primary" disabled={text === null} onClick={save}>
            <Icon icon="download" />
            Download
          </button>
        </>
      }
    >
      <Tabs label="Format" items={FORMATS} value={format} onChange={setFormat} controls="n-export" />
      <div id="n-export" role="tabpanel" aria-labelledby={`n-export-${format}`}>
        {error && <Note kind="error" onAgain={again}>{error}</Note>}
        {text === null && !error && <div className="skeleton n-export-code" />}
        {text !== null && <Hosted key={format} className="p-code n-export-code" mount={(host) => mountText(host, text, format)} />}
      </div>
    </Modal>
  );
}

function mountText(host: HTMLElement, value: string, language: Format): () => void {
  let stop: (() => void) | null = null;
  let gone = false;
  void codeEditor(host, { value, language, label: `The pipeline as ${language}`, readOnly: true }).then((editor) => (gone ? editor.stop() : (stop = editor.stop)));
  return () => {
    gone = true;
    stop?.();
  };
}
