/** Who changed what in the draft, the newest first. */
import { authorName, listOf, type Change, type Listed, type Touched } from "../data/answers.ts";
import { useAsked } from "../data/asking.ts";
import { Empty, Icon, Modal, Note, Skeleton, When } from "../data/parts.tsx";
import { words } from "../panel/values.ts";
import { useCatalogue, useDesigner, useNodes } from "../store/index.ts";

const VERBS: Record<Touched["action"], string> = { added: "added", removed: "removed", changed: "changed", moved: "moved" };

export function HistoryDialog({ onClose }: { onClose: () => void }) {
  const { api, ui } = useDesigner();
  const { answer, error, again } = useAsked("history", (signal) => api.get<Listed<Change>>("/history?page_size=200", signal));
  const changes = answer ? listOf(answer) : [];
  const tell = useTelling();
  return (
    <Modal
      title="Who changed what"
      onClose={onClose}
      foot={
        <button type="button" className="btn p-start" onClick={() => ui.openDialog({ kind: "versions" })}>
          <Icon icon="versions" />
          Versions
        </button>
      }
    >
      {error && <Note kind="error" onAgain={again}>{error}</Note>}
      {!answer && !error && <Skeleton lines={5} />}
      {answer && !changes.length && <Empty icon="history" title="Nothing was changed yet" />}
      <ol className="n-history">
        {changes.map((change) => (
          <li key={change.revision}>
            <span className="n-who">
              <strong>{authorName(change.by)}</strong> <When at={change.at} />
            </span>
            <ul>
              {change.changes.slice(0, 8).map((touched, at) => (
                <li key={at}>{tell(touched)}</li>
              ))}
              {change.changes.length > 8 && <li className="secondary">and {change.changes.length - 8} more</li>}
            </ul>
          </li>
        ))}
      </ol>
    </Modal>
  );
}

/** "changed Split Data: fraction, random seed" */
function useTelling(): (touched: Touched) => string {
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const nameOf = (id: string): string => {
    const node = nodes.get(id);
    return node ? (catalogue?.titleOf(node) ?? id) : words(id);
  };
  return ({ what, id, action, fields }) => {
    const verb = VERBS[action] ?? action;
    const named = fields.map((field) => field.replace(/^params\./, "").replaceAll("_", " ")).filter((field) => field && field !== "params");
    if (what === "nodes") return `${verb} ${nameOf(id)}${action === "changed" && named.length ? `: ${named.join(", ")}` : ""}`;
    if (what === "edges") return `${action === "removed" ? "disconnected" : "connected"} ${nameOf(id.split(":")[0] ?? id)} (${id.split(":")[1] ?? ""})`;
    if (what === "settings") return `changed the setting ${words(id).toLowerCase()}`;
    if (what === "parameters") return `${verb} the pipeline parameter ${id}`;
    return `${verb} a ${what.replace(/s$/, "")}`;
  };
}
