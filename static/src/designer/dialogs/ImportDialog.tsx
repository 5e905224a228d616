/** A new draft from a text: YAML or graph JSON, from a file or pasted. */
import { useState } from "react";
import { wordsOf } from "../data/asking.ts";
import { Icon, Modal, Note } from "../data/parts.tsx";
import { useDesigner, type DraftAnswer } from "../store/index.ts";

const MOST = 8 * 2 ** 20;

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { api, config } = useDesigner();
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [done, setDone] = useState<{ place: string; lost: string[] } | null>(null);
  const read = (file: File | undefined): void => {
    if (!file) return;
    if (file.size > MOST) return setError(`${file.name} has ${(file.size / 2 ** 20).toFixed(1)} MB; a pipeline may have 8 MB.`);
    void file.text().then((given) => {
      setText(given);
      setName((now) => now || file.name.replace(/\.(ya?ml|json)$/i, ""));
      setError(null);
    });
  };
  const make = (): void => {
    setBusy(true);
    api.post<DraftAnswer & { left_out?: string[] }>("pipelines/import", { text, ...(name ? { name } : {}) }).then(
      (made) => {
        const place = `/w/${encodeURIComponent(config.workspace)}/pipelines/${made.guid}/`;
        if (made.left_out?.length) setDone({ place, lost: made.left_out });
        else location.assign(place);
      },
      (problem: unknown) => {
        setBusy(false);
        setError(wordsOf(problem));
      },
    );
  };
  if (done) return <Lost {...done} onClose={onClose} />;
  return (
    <Modal
      title="Import"
      wide
      onClose={onClose}
      foot={
        <>
          <span className="p-start secondary">It becomes a draft of its own; this one stays as it is.</span>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="btn btn-primary" disabled={!text.trim() || isBusy} onClick={make}>
            <Icon icon="upload" />
            {isBusy ? "Importing…" : "Import as a new draft"}
          </button>
        </>
      }
    >
      <div
        className="n-drop"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          read(event.dataTransfer.files[0]);
        }}
      >
        <label className="btn">
          <Icon icon="folder-open" />
          Choose a file
          <input type="file" className="visually-hidden" accept=".json,.yml,.yaml,application/json,text/yaml" onChange={(event) => read(event.target.files?.[0])} />
        </label>
        <span className="secondary">or drop one here: a pipeline job’s YAML, or an exported graph as JSON</span>
      </div>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-import-name">Name</label>
        </div>
        <input id="n-import-name" className="form-control" value={name} placeholder="As the text says" maxLength={255} onChange={(event) => setName(event.target.value)} />
      </div>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-import-text">Text</label>
        </div>
        <textarea id="n-import-text" className="form-control mono n-import-text" rows={12} spellCheck={false} value={text} onChange={(event) => (setText(event.target.value), setError(null))} />
      </div>
      {error && <Note kind="error">{error}</Note>}
    </Modal>
  );
}

/** What the text said that a draft has no place for. */
function Lost({ place, lost, onClose }: { place: string; lost: readonly string[]; onClose: () => void }) {
  return (
    <Modal
      title="Imported, but not all of it"
      onClose={onClose}
      foot={
        <a className="btn btn-primary" href={place}>
          Open the draft
        </a>
      }
    >
      <Note kind="warning">A draft has no place for these parts of the text. Its steps run without them.</Note>
      <ul>
        {lost.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </Modal>
  );
}
