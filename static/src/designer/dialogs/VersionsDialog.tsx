/** Named checkpoints of the draft: keep one, look at what changed since, bring one back. */
import { useState } from "react";
import { toast } from "../../ui/toast.ts";
import { authorName, listOf, type Listed, type Version } from "../data/answers.ts";
import { useAsked, wordsOf } from "../data/asking.ts";
import { Empty, Icon, Modal, Note, Skeleton, When } from "../data/parts.tsx";
import { useDesigner, useWritable } from "../store/index.ts";

export function VersionsDialog({ onClose }: { onClose: () => void }) {
  const { api, ui } = useDesigner();
  const writable = useWritable();
  const { answer, error, again } = useAsked("versions", (signal) => api.get<Listed<Version>>("/versions?page_size=200", signal));
  const versions = answer ? listOf(answer) : [];
  const [restoring, setRestoring] = useState<number | null>(null);
  const restore = (number: number): void => {
    api.post(`/versions/${number}/restore`).then(
      () => {
        toast(`Version ${number} is back in the draft. Undo brings back what was there.`, "success");
        onClose();
      },
      (problem: unknown) => toast(wordsOf(problem), "error"),
    );
  };
  return (
    <Modal
      title="Versions"
      wide
      onClose={onClose}
      foot={
        <button type="button" className="btn p-start" onClick={() => ui.openDialog({ kind: "history" })}>
          <Icon icon="history" />
          Who changed what
        </button>
      }
    >
      {writable && <NewVersion onMade={again} />}
      {error && <Note kind="error" onAgain={again}>{error}</Note>}
      {!answer && !error && <Skeleton lines={3} />}
      {answer && !versions.length && (
        <Empty icon="versions" title="No checkpoints yet">
          <p>The draft saves itself. A checkpoint keeps a state under a name, so that you can come back to it or see what changed since.</p>
        </Empty>
      )}
      <ul className="n-versions">
        {versions.map((version, at) => (
          <li key={version.number}>
            <span className="n-version-number">v{version.number}</span>
            <span className="p-title-text">
              <strong>{version.name || `Version ${version.number}`}</strong>
              <span className="secondary">
                {authorName(version.author)} · <When at={version.at} />
              </span>
              {version.note && <span className="n-note">{version.note}</span>}
            </span>
            <span className="n-actions">
              {restoring === version.number ? (
                <>
                  <span className="secondary">The draft becomes v{version.number}.</span>
                  <button type="button" className="btn btn-sm btn-primary" onClick={() => restore(version.number)}>
                    Restore
                  </button>
                  <button type="button" className="btn btn-sm" onClick={() => setRestoring(null)}>
                    Keep the draft
                  </button>
                </>
              ) : (
                <>
                  <button type="button" className="btn btn-sm" onClick={() => ui.openDialog({ kind: "diff", a: String(version.number), b: "draft" })}>
                    <Icon icon="arrows-diff" />
                    Diff to draft
                  </button>
                  {versions[at + 1] && (
                    <button type="button" className="btn btn-sm btn-ghost" onClick={() => ui.openDialog({ kind: "diff", a: String(versions[at + 1]!.number), b: String(version.number) })}>
                      to v{versions[at + 1]!.number}
                    </button>
                  )}
                  <button type="button" className="btn btn-sm" disabled={!writable} onClick={() => setRestoring(version.number)}>
                    <Icon icon="arrow-back-up" />
                    Restore…
                  </button>
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Modal>
  );
}

function NewVersion({ onMade }: { onMade: () => void }) {
  const { api } = useDesigner();
  const [name, setName] = useState("");
  const [note, setNote] = useState("");
  const [error, setError] = useState<string | null>(null);
  const make = (event: React.FormEvent): void => {
    event.preventDefault();
    api.post<Version>("/versions", { name, note }).then(
      (made) => {
        toast(`Kept as version ${made.number}.`, "success");
        setName("");
        setNote("");
        setError(null);
        onMade();
      },
      (problem: unknown) => setError(wordsOf(problem)),
    );
  };
  return (
    <form className="n-new-version" onSubmit={make}>
      <input className="form-control" aria-label="Name of the checkpoint" placeholder="Name, for example: before the new features" maxLength={255} value={name} onChange={(event) => setName(event.target.value)} />
      <input className="form-control" aria-label="Note" placeholder="Note (optional)" value={note} onChange={(event) => setNote(event.target.value)} />
      <button className="btn btn-primary">
        <Icon icon="device-floppy" />
        Keep a checkpoint
      </button>
      {error && <p className="p-error">{error}</p>}
    </form>
  );
}
