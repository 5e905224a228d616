/** The shelf at the left: search, categories, assets; drag, double-click or Enter puts one on the canvas. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { LEGEND } from "../../graph/ports.ts";
import { search } from "../../graph/search.ts";
import { Icon } from "../app/Icon.tsx";
import { PortShape } from "../canvas/PortShape.tsx";
import { useActions } from "../commands/context.ts";
import { useCatalogue, useCell, useDesigner, useWritable } from "../store/hooks.ts";
import { startDrag } from "./drag.ts";
import { shelvesOf, type PaletteItem, type Shelves } from "./entries.ts";
import { favourites, recent, toggleFavourite } from "./favourites.ts";
import { Row } from "./Row.tsx";

type Tab = "modules" | "data" | "models";

interface Section {
  name: string;
  items: readonly PaletteItem[];
  open: boolean;
  pinned?: boolean;
}

const SAMPLE_TYPES: Record<string, string> = { dataset: "dataset", learner: "untrained_model", model: "trained_model", transform: "transform", metrics: "metrics", any: "any" };

export function Palette() {
  const catalogue = useCatalogue();
  const error = useCell(useDesigner().catalogueError);
  const shelves = useMemo(() => catalogue && shelvesOf(catalogue), [catalogue]);
  const [tab, setTab] = useState<Tab>("modules");
  const counts: Record<Tab, number> = { modules: shelves?.modules.length ?? 0, data: shelves?.data.length ?? 0, models: shelves?.models.length ?? 0 };
  return (
    <>
      <div className="tabs d-palette-tabs" role="tablist" aria-label="Palette">
        {(["modules", "data", "models"] as const).map((name) => (
          <button key={name} type="button" role="tab" id={`d-tab-${name}`} aria-selected={tab === name} aria-controls="d-shelf" tabIndex={tab === name ? 0 : -1} onClick={() => setTab(name)} onKeyDown={(event) => turn(event, name, setTab)}>
            {name[0]!.toUpperCase() + name.slice(1)} <span className="count">{shelves ? counts[name] : ""}</span>
          </button>
        ))}
      </div>
      <div className="d-shelf" id="d-shelf" role="tabpanel" aria-labelledby={`d-tab-${tab}`}>
        {shelves ? <Shelf key={tab} tab={tab} shelves={shelves} /> : error ? <Unloaded error={error} /> : <div className="d-shelf-skeleton" role="status" aria-label="Loading the modules" />}
      </div>
      <ul className="d-legend" aria-label="Port types">
        {LEGEND.map(({ kind, label }) => (
          <li key={kind}>
            <PortShape type={SAMPLE_TYPES[kind]!} />
            {label}
          </li>
        ))}
      </ul>
    </>
  );
}

function turn(event: React.KeyboardEvent, now: Tab, set: (tab: Tab) => void): void {
  const order: Tab[] = ["modules", "data", "models"];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = order[(order.indexOf(now) + step + order.length) % order.length]!;
  set(next);
  document.getElementById(`d-tab-${next}`)?.focus();
}

function Unloaded({ error }: { error: string }) {
  const designer = useDesigner();
  return (
    <div className="d-shelf-none" role="alert">
      <p>The modules could not be loaded. {error}</p>
      <button type="button" className="btn btn-sm" onClick={() => void designer.loadCatalogue()}>
        Try again
      </button>
    </div>
  );
}

const NONE: Record<Tab, string> = {
  modules: "This studio has no modules.",
  data: "No data is registered yet. Register some under Data, and it is offered here.",
  models: "No models are registered yet. Train one and register it, and it is offered here.",
};

function Shelf({ tab, shelves }: { tab: Tab; shelves: Shelves }) {
  const actions = useActions();
  const writable = useWritable();
  const [query, setQuery] = useState("");
  const wanted = query.trim();
  const starred = useCell(favourites);
  const used = useCell(recent);
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => new Set(shelves.categories.slice(3).map((category) => category.name)));
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const sections = useMemo(() => sectionsOf(tab, shelves, wanted, starred, used, closed), [tab, shelves, wanted, starred, used, closed]);
  // Everything that the arrow keys stop at: a category's head, and its modules when it is open.
  const rows = useMemo(() => sections.flatMap((section): { item?: PaletteItem; head?: string }[] => [...(section.name ? [{ head: section.name }] : []), ...(section.open ? section.items.map((item) => ({ item })) : [])]), [sections]);
  const toggle = (name: string): void => setClosed((now) => toggled(now, name));
  useEffect(() => setActive(0), [wanted]);
  useEffect(() => {
    list.current?.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const add = useCallback(
    (item: PaletteItem) => {
      if (item.component.unavailable) return;
      const id = actions.add(item, null);
      if (id) actions.designer.ui.reveal([id]);
    },
    [actions],
  );
  const star = useCallback((item: PaletteItem) => toggleFavourite(item.component.name), []);
  const drag = useCallback((event: React.PointerEvent, item: PaletteItem) => startDrag(event, item, actions), [actions]);
  const onKey = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((now) => Math.max(0, Math.min(rows.length - 1, now + step)));
    } else if (event.key === "Enter" && rows[active]) {
      event.preventDefault();
      const { item, head } = rows[active];
      if (item) add(item);
      else if (head) toggle(head);
    } else if (event.key === "Escape" && query) {
      event.stopPropagation();
      setQuery("");
    } else if (event.key === "Escape") actions.canvas?.focus([...actions.designer.ui.selection.get()][0] ?? null);
  };
  let at = -1;
  const shown = rows.filter((row) => row.item).length;
  return (
    <>
      <label className="d-search">
        <Icon icon="search" />
        <input
          type="search"
          role="combobox"
          aria-expanded="true"
          aria-controls="d-rows"
          aria-autocomplete="list"
          aria-activedescendant={rows[active] ? `d-row-${active}` : undefined}
          aria-label={`Search ${tab}`}
          aria-keyshortcuts="/"
          placeholder={`Search ${tab}`}
          autoComplete="off"
          spellCheck={false}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={onKey}
        />
        <kbd>/</kbd>
      </label>
      <div className="d-rows" id="d-rows" ref={list} role="listbox" aria-label={`${tab}, ${shown} shown`} tabIndex={-1}>
        {sections.map((section) => {
          const head = section.name ? ++at : -1;
          const body = section.open && (
            <ul role="presentation">
              {section.items.map((item) => {
                const index = ++at;
                return <Row key={item.key} id={`d-row-${index}`} item={item} active={index === active} favourite={starred.includes(item.component.name)} note={wanted ? item.component.category : undefined} onAdd={add} {...(tab === "modules" ? { onStar: star } : {})} {...(writable ? { onDrag: drag } : {})} />;
              })}
            </ul>
          );
          if (!section.name) return <div key="all" role="presentation">{body}</div>;
          return (
            <div key={section.name} role="group" aria-label={section.name}>
              <div
                className={`d-category ${head === active ? "is-active" : ""}`}
                id={`d-row-${head}`}
                role="option"
                aria-selected={head === active}
                aria-label={`${section.name}, ${section.items.length} modules, ${section.open ? "open" : "closed"}`}
                onClick={() => toggle(section.name)}
              >
                <Icon icon={section.open ? "chevron-down" : "chevron-right"} className="icon-sm" />
                <strong>{section.name}</strong>
                <span className="count">{section.items.length}</span>
              </div>
              {body}
            </div>
          );
        })}
        {!rows.length && !sections.length && <p className="d-shelf-none muted">{wanted ? `Nothing is named “${wanted}”. Try a shorter word.` : NONE[tab]}</p>}
      </div>
    </>
  );
}

function sectionsOf(tab: Tab, shelves: Shelves, wanted: string, starred: readonly string[], used: readonly string[], closed: ReadonlySet<string>): Section[] {
  const index = tab === "modules" ? shelves.index : tab === "data" ? shelves.dataIndex : shelves.modelIndex;
  const rank = (item: PaletteItem): number => (starred.includes(item.component.name) ? 30 : 0) + (used.includes(item.component.name) ? 15 : 0);
  if (wanted) {
    const found = search(index, wanted, rank);
    return found.length ? [{ name: "", items: found, open: true }] : [];
  }
  if (tab !== "modules") {
    const items = tab === "data" ? shelves.data : shelves.models;
    return items.length ? [{ name: "", items, open: true }] : [];
  }
  const pick = (names: readonly string[]): PaletteItem[] => names.flatMap((name) => shelves.modules.find((item) => item.key === name) ?? []);
  const pinned = [
    { name: "Favourites", items: pick(starred) },
    { name: "Recent", items: pick(used.filter((name) => !starred.includes(name))) },
  ].filter((section) => section.items.length);
  return [...pinned, ...shelves.categories].map((section) => ({ ...section, items: section.items.map((item) => (pinned.includes(section as (typeof pinned)[number]) ? { ...item, key: `${section.name}:${item.key}` } : item)), open: !closed.has(section.name) }));
}

function toggled(set: ReadonlySet<string>, name: string): Set<string> {
  const next = new Set(set);
  if (!next.delete(name)) next.add(name);
  return next;
}
