/** What leads from one version to another: steps, parameters, connections, settings. Moves are no change. */
import { useState, type ReactNode } from "react";
import type { Json, Wire } from "../../graph/types.ts";
import { listOf, type GraphDiff, type Listed, type Version } from "../data/answers.ts";
import { useAsked } from "../data/asking.ts";
import { codeDiff } from "../../widgets/code.ts";
import { Empty, Hosted, Icon, Modal, Note, Skeleton } from "../data/parts.tsx";
import { shown, words } from "../panel/values.ts";
import { useCatalogue, useDesigner, useNodes } from "../store/index.ts";

export function DiffDialog({ a: first, b: second, onClose }: { a: string; b: string; onClose: () => void }) {
  const { api, ui } = useDesigner();
  const [a, setA] = useState(first);
  const [b, setB] = useState(second);
  const { answer, error, again } = useAsked<GraphDiff>(`diff ${a} ${b}`, (signal) => api.get<GraphDiff>(`/diff?a=${a}&b=${b}`, signal));
  const versions = useAsked("versions of diff", (signal) => api.get<Listed<Version>>("/versions?page_size=200", signal)).answer;
  const numbers = versions ? listOf(versions) : [];
  return (
    <Modal
      title="What changed"
      wide
      onClose={onClose}
      foot={
        <button type="button" className="btn p-start" onClick={() => ui.openDialog({ kind: "versions" })}>
          <Icon icon="versions" />
          Versions
        </button>
      }
    >
      <div className="n-diff-head">
        <Which label="From" value={a} versions={numbers} onChange={setA} />
        <Icon icon="arrow-right" />
        <Which label="To" value={b} versions={numbers} onChange={setB} />
      </div>
      {error && <Note kind="error" onAgain={again}>{error}</Note>}
      {!answer && !error && <Skeleton lines={4} />}
      {answer && <Changes diff={answer} />}
    </Modal>
  );
}

function Which({ label, value, versions, onChange }: { label: string; value: string; versions: readonly Version[]; onChange: (value: string) => void }) {
  return (
    <label className="k-inline">
      {label}
      <select className="form-select w-auto" value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="draft">the draft as it is</option>
        {versions.map((version) => (
          <option key={version.number} value={String(version.number)}>
            {`v${version.number}${version.name ? ` · ${version.name}` : ""}`}
          </option>
        ))}
        {value !== "draft" && !versions.some((version) => String(version.number) === value) && <option value={value}>v{value}</option>}
      </select>
    </label>
  );
}

export function Changes({ diff }: { diff: GraphDiff }) {
  const nameOf = useNames();
  const isSame = Object.values(diff).every((list) => !list?.length);
  if (isSame) return <Empty icon="circle-check-filled" title="Both do the same">Only places on the canvas may differ.</Empty>;
  return (
    <div className="n-changes">
      <Group title="Steps added" kind="added" items={diff.added.map((each) => nameOf(each.id, each.label))} />
      <Group title="Steps removed" kind="removed" items={diff.removed.map((each) => nameOf(each.id, each.label))} />
      {diff.changed.length > 0 && (
        <section>
          <h3>Steps changed</h3>
          <table className="table table-dense">
            <tbody>
              {diff.changed.map((change, at) => (
                <tr key={at}>
                  <th scope="row">{nameOf(change.id, change.label)}</th>
                  <td className="secondary">{words(change.param.replace(/^params\./, ""))}</td>
                  <td>
                    <BeforeAfter before={change.before} after={change.after} label={change.param} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <Group title="Connections added" kind="added" items={diff.edges_added.map((edge) => wireText(edge, nameOf))} />
      <Group title="Connections removed" kind="removed" items={diff.edges_removed.map((edge) => wireText(edge, nameOf))} />
      <Pairs title="Pipeline parameters" pairs={diff.parameters} />
      <Pairs title="Settings" pairs={diff.settings} />
      <Pairs title="Notes" pairs={(diff.notes ?? []).map((note) => ({ name: note.id, before: note.before, after: note.after }))} />
    </div>
  );
}

const wireText = (edge: Wire, nameOf: (id: string) => string): string => `${nameOf(edge.source)} (${edge.sourceHandle}) → ${nameOf(edge.target)} (${edge.targetHandle})`;

function useNames(): (id: string, label?: string) => string {
  const nodes = useNodes();
  const catalogue = useCatalogue();
  return (id, label) => {
    const node = nodes.get(id);
    if (label && label !== id) return label;
    return node ? (catalogue?.titleOf(node) ?? id) : (catalogue?.get(id.replace(/_\d+$/, ""))?.title ?? words(id));
  };
}

function Group({ title, kind, items }: { title: string; kind: "added" | "removed"; items: readonly ReactNode[] }) {
  if (!items.length) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className={`n-group is-${kind}`}>
        {items.map((item, at) => (
          <li key={at}>
            <Icon icon={kind === "added" ? "plus" : "minus"} className="icon-sm" />
            {item}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Pairs({ title, pairs }: { title: string; pairs: readonly { name: string; before: Json; after: Json }[] }) {
  if (!pairs.length) return null;
  return (
    <section>
      <h3>{title}</h3>
      <table className="table table-dense">
        <tbody>
          {pairs.map((pair) => (
            <tr key={pair.name}>
              <th scope="row">{words(pair.name)}</th>
              <td>
                <BeforeAfter before={pair.before} after={pair.after} label={pair.name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function BeforeAfter({ before, after, label }: { before: Json; after: Json; label: string }) {
  const isLong = [before, after].some((value) => typeof value === "string" && value.includes("\n"));
  if (isLong) return <LongDiff before={String(before ?? "")} after={String(after ?? "")} label={label} />;
  return (
    <>
      <del>{shown(before)}</del> <Icon icon="arrow-right" className="icon-sm" /> <ins>{shown(after)}</ins>
    </>
  );
}

function LongDiff({ before, after, label }: { before: string; after: string; label: string }) {
  const mount = (host: HTMLElement): (() => void) => {
    let stop: (() => void) | null = null;
    let gone = false;
    void codeDiff(host, { before, after, language: "python", label: `Changes of ${label}` }).then((made) => (gone ? made() : (stop = made)));
    return () => {
      gone = true;
      stop?.();
    };
  };
  return <Hosted className="n-long-diff" mount={mount} />;
}
