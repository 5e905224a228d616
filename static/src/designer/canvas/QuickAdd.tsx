/** A search at the pointer for what to put there; after a dropped edge only what can be joined to it. */
import { useEffect, useMemo, useRef, useState } from "react";
import { portFor } from "../../graph/edits.ts";
import { typeLabel } from "../../graph/ports.ts";
import { search } from "../../graph/search.ts";
import { Icon } from "../app/Icon.tsx";
import { useActions } from "../commands/context.ts";
import { shelvesOf, type PaletteItem } from "../palette/entries.ts";
import { favourites, recent } from "../palette/favourites.ts";
import { Row } from "../palette/Row.tsx";
import { useCatalogue, useDesigner, useUi } from "../store/hooks.ts";

const SHOWN = 60;

export function QuickAdd() {
  const layer = useUi("layer");
  return layer?.kind === "quickadd" ? <Box key={`${layer.screen.x}:${layer.screen.y}`} layer={layer} /> : null;
}

function Box({ layer }: { layer: Extract<ReturnType<typeof useLayer>, { kind: "quickadd" }> }) {
  const { ui, draft } = useDesigner();
  const actions = useActions();
  const catalogue = useCatalogue();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const shelves = useMemo(() => catalogue && shelvesOf(catalogue), [catalogue]);
  const node = layer.from && draft.node(layer.from.node);
  const type = node && catalogue && layer.from && (layer.from.side === "source" ? catalogue.output(node, layer.from.port) : catalogue.input(node, layer.from.port))?.type;
  const found = useMemo(() => {
    if (!shelves || !catalogue) return [];
    const fit = (item: PaletteItem): boolean => !type || !layer.from || portFor(item.component, layer.from.side, type, catalogue) !== null;
    const rank = (item: PaletteItem): number => (favourites.get().includes(item.component.name) ? 30 : 0) + (recent.get().includes(item.component.name) ? 15 : 0);
    const all = [...shelves.index, ...shelves.dataIndex, ...shelves.modelIndex].filter((one) => fit(one.item) && !one.item.component.unavailable);
    return (query.trim() ? search(all, query, rank) : all.map((one) => one.item).sort((a, b) => rank(b) - rank(a))).slice(0, SHOWN);
  }, [shelves, catalogue, type, layer.from, query]);
  useEffect(() => {
    list.current?.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  }, [active, found]);

  const close = (): void => {
    ui.closeLayer();
    actions.canvas?.focus([...ui.selection.get()][0] ?? null);
  };
  const add = (item: PaletteItem): void => {
    ui.closeLayer();
    actions.canvas?.focus(actions.add(item, layer.at, layer.from ? { loose: layer.from } : {}));
  };
  const onKey = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      setActive((now) => (now + step + found.length) % found.length);
    } else if (event.key === "Enter" && found[active]) {
      event.preventDefault();
      add(found[active]);
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close();
    }
    event.stopPropagation();
  };
  const left = Math.max(8, Math.min(layer.screen.x - 20, innerWidth - 336));
  const top = Math.max(56, Math.min(layer.screen.y - 16, innerHeight - 380));
  return (
    <div className="d-quickadd" role="dialog" aria-label="Add a module" style={{ left, top }} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && ui.closeLayer()}>
      <label className="d-search">
        <Icon icon="search" />
        <input type="search" autoFocus role="combobox" aria-expanded="true" aria-controls="d-quick-rows" aria-autocomplete="list" aria-activedescendant={found[active] ? `d-quick-${active}` : undefined} aria-label={type ? `Add a module that ${layer.from?.side === "source" ? "takes" : "gives"} ${typeLabel(type)}` : "Add a module"} placeholder={type ? `Fits ${typeLabel(type)}` : "Add a module"} autoComplete="off" spellCheck={false} value={query} onChange={(event) => (setQuery(event.target.value), setActive(0))} onKeyDown={onKey} />
      </label>
      <ul className="d-rows" id="d-quick-rows" role="listbox" aria-label="Modules" ref={list} onPointerDown={(event) => event.preventDefault()}>
        {found.map((item, index) => (
          <div key={item.key} role="presentation" onClick={() => add(item)}>
            <Row id={`d-quick-${index}`} item={item} active={index === active} favourite={false} onAdd={add} />
          </div>
        ))}
      </ul>
      {!found.length && <p className="d-shelf-none muted">{query ? `Nothing that fits is named “${query}”.` : "No module fits here."}</p>}
    </div>
  );
}

const useLayer = () => useUi("layer")!;
