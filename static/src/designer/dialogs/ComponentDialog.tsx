/** Modules become one reusable component: its name, and the names of its ports. */
import { useState } from "react";
import { partOf, portsOf, type NamedPort } from "../../graph/components.ts";
import { typeLabel } from "../../graph/ports.ts";
import type { Component } from "../../graph/types.ts";
import { announce } from "../../ui/dom.ts";
import { replaceByComponent } from "../commands/components.ts";
import { wordsOf } from "../data/asking.ts";
import { Icon, Modal, Note } from "../data/parts.tsx";
import { useCatalogue, useDesigner } from "../store/index.ts";

const PORT = /^[a-z][a-z0-9_]{0,99}$/;
export const idFrom = (title: string): string => title.trim().toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "");

export function ComponentDialog({ nodes: ids, title: given, onClose }: { nodes: readonly string[]; title: string; onClose: () => void }) {
  const designer = useDesigner();
  const { api, draft } = designer;
  const catalogue = useCatalogue()!;
  const chosen = new Set(ids);
  const parts = { ...draft.snapshot.get(), catalogue };
  const [title, setTitle] = useState(given);
  const [text, setText] = useState("");
  const [ports, setPorts] = useState(() => portsOf(parts, chosen));
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const name = idFrom(title);
  const known = catalogue.get(name);
  const wrong = wrongName(ports.inputs) ?? wrongName(ports.outputs);
  const rename = (side: "inputs" | "outputs", index: number, to: string): void => setPorts({ ...ports, [side]: ports[side].map((port, at) => (at === index ? { ...port, name: to } : port)) });
  const save = (): void => {
    setBusy(true);
    setError(null);
    const named = (list: readonly NamedPort[]): unknown[] => list.map(({ name: port, label, ends }) => ({ name: port, label, ends }));
    const body = { name, title: title.trim(), description: text, graph: partOf(parts, chosen, parts.parameters), inputs: named(ports.inputs), outputs: named(ports.outputs) };
    api.call<Component>("POST", "designer/components", body).then(
      async (made) => {
        await designer.loadCatalogue();
        replaceByComponent(designer, ids, made, ports);
        announce(`${made.title} is a component now, version ${made.version}.`);
        onClose();
      },
      (problem: unknown) => {
        setBusy(false);
        setError(wordsOf(problem));
      },
    );
  };
  return (
    <Modal
      title="Save as component"
      onClose={onClose}
      foot={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="btn btn-primary" disabled={!name || isBusy || Boolean(wrong) || known?.own === false} onClick={save}>
            <Icon icon="components" />
            {isBusy ? "Saving…" : "Save"}
          </button>
        </>
      }
    >
      <p className="secondary">{ids.length === 1 ? "The module becomes" : `The ${ids.length} modules become`} one node that stands in the palette for every pipeline of this workspace.</p>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-component">Name</label>
        </div>
        <input id="n-component" className="form-control" value={title} maxLength={200} onChange={(event) => setTitle(event.target.value)} />
        <div className="p-help">{known ? (known.own ? `Becomes the next version of ${known.title}` : `${known.title} is a built-in module: choose another name`) : name ? `Registered as ${name}` : "Give it a name"}</div>
      </div>
      <div className="p-field">
        <div className="p-label">
          <label htmlFor="n-component-text">Description</label>
        </div>
        <textarea id="n-component-text" className="form-control" rows={2} value={text} onChange={(event) => setText(event.target.value)} />
      </div>
      <Ports title="Inputs" none="It takes no data." ports={ports.inputs} onRename={(index, to) => rename("inputs", index, to)} />
      <Ports title="Outputs" none="It gives no data." ports={ports.outputs} onRename={(index, to) => rename("outputs", index, to)} />
      {wrong && <Note kind="error">{wrong}</Note>}
      {error && <Note kind="error">{error}</Note>}
    </Modal>
  );
}

function wrongName(ports: readonly NamedPort[]): string | null {
  const bad = ports.find((port) => !PORT.test(port.name));
  if (bad) return `“${bad.name}” cannot name a port: use small letters, digits and _, starting with a letter.`;
  const twice = ports.find((port, at) => ports.findIndex((other) => other.name === port.name) !== at);
  return twice ? `Two ports are called ${twice.name}: give each its own name.` : null;
}

function Ports({ title, none, ports, onRename }: { title: string; none: string; ports: readonly NamedPort[]; onRename: (index: number, to: string) => void }) {
  return (
    <fieldset className="n-values">
      <legend>{title}</legend>
      {!ports.length && <p className="secondary">{none}</p>}
      {ports.map((port, index) => (
        <label key={index} className="n-port">
          <input className="form-control mono" aria-label={`Name of ${port.label}`} value={port.name} spellCheck={false} onChange={(event) => onRename(index, event.target.value)} />
          <span className="secondary truncate" title={port.label}>
            {port.label} · {typeLabel(port.type)}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
