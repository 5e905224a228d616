/** "C": join the selected module by keyboard, from a list of every port that would be legal. */
import { useEffect, useMemo, useRef, useState } from "react";
import { portLabel, typeLabel } from "../../graph/ports.ts";
import { offersFor, type Offer } from "../../graph/validate.ts";
import { Icon } from "../app/Icon.tsx";
import { useActions } from "../commands/context.ts";
import { useDesigner, useUi } from "../store/hooks.ts";
import { PortShape } from "./PortShape.tsx";

interface Line extends Offer {
  from: string;
  type: string;
  side: "source" | "target";
}

export function ConnectList() {
  const layer = useUi("layer");
  return layer?.kind === "connect" ? <List key={layer.node} node={layer.node} /> : null;
}

function List({ node }: { node: string }) {
  const { ui, draft } = useDesigner();
  const actions = useActions();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const context = actions.context();
  const lines = useMemo(() => {
    const here = context;
    const held = here?.nodes.get(node);
    const component = held && here?.catalogue.of(held);
    if (!here || !component) return [];
    const of = (side: "source" | "target"): Line[] =>
      (side === "source" ? component.outputs : component.inputs).flatMap((port) => offersFor(here, node, port.name, side).map((offer) => ({ ...offer, from: portLabel(port), type: port.type, side })));
    // Open inputs first: they are what is missing; what would replace an edge comes last.
    return [...of("target"), ...of("source")].sort((a, b) => Number(a.taken) - Number(b.taken));
    // the list is made once: it must not jump while one reads it
  }, [node]);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = lines.filter((line) => words.every((word) => `${line.text} ${line.from}`.toLowerCase().includes(word)));
  const title = context && context.nodes.get(node) ? context.catalogue.titleOf(context.nodes.get(node)!) : draft.nameOf(node);
  useEffect(() => {
    box.current?.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  }, [active, query]);
  const close = (): void => {
    ui.closeLayer();
    actions.canvas?.focus(node);
  };
  const choose = (line: Line | undefined): void => {
    if (!line) return;
    close();
    actions.connect(line.wire);
  };
  const onKey = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      setActive((now) => (now + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[active]);
    }
    if (event.key !== "Escape") event.stopPropagation();
  };
  return (
    <dialog className="dialog palette d-connect" ref={box} aria-label={`Connect ${title}`} onCancel={(event) => (event.preventDefault(), close())} onClick={(event) => event.target === box.current && close()}>
      <div className="palette-field">
        <Icon icon="plug" className="icon-lg" />
        <input type="text" autoFocus role="combobox" aria-expanded="true" aria-controls="d-connect-rows" aria-autocomplete="list" aria-activedescendant={found[active] ? `d-connect-${active}` : undefined} aria-label={`Connect ${title} to`} placeholder={`Connect ${title} to…`} autoComplete="off" spellCheck={false} value={query} onChange={(event) => (setQuery(event.target.value), setActive(0))} onKeyDown={onKey} />
        <kbd>Esc</kbd>
      </div>
      <ul className="palette-list" id="d-connect-rows" role="listbox" aria-label="Ports that fit">
        {found.map((line, index) => (
          <li key={`${line.side}${line.wire.source}${line.wire.sourceHandle}${line.wire.target}${line.wire.targetHandle}`} id={`d-connect-${index}`} role="option" aria-selected={index === active} className={`menu-item ${index === active ? "is-active" : ""}`} onClick={() => choose(line)} onMouseMove={() => setActive(index)}>
            <PortShape type={line.type} />
            <span className="truncate">{line.side === "source" ? `${line.from} → ${line.text}` : `${line.text} → ${line.from}`}</span>
            <span className="end">{line.taken ? "replaces what is there" : typeLabel(line.type)}</span>
          </li>
        ))}
      </ul>
      {!found.length && <p className="palette-none">{lines.length ? `Nothing is named “${query}”.` : "No port of another module fits."}</p>}
    </dialog>
  );
}
