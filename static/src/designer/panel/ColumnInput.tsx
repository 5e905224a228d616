/** Chips of chosen columns and an input that completes the others, filtered by type. */
import { useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { Column } from "../../graph/types.ts";
import { Icon, Port } from "../data/parts.tsx";
import { isType, kindOf } from "./selecting.ts";

const FILTERS: { label: string; types: string[] }[] = [
  { label: "All", types: [] },
  { label: "Numbers", types: ["numeric"] },
  { label: "Text", types: ["string"] },
  { label: "Yes/no", types: ["boolean"] },
  { label: "Dates", types: ["datetime"] },
  { label: "Categories", types: ["categorical"] },
];
const MOST = 200;

interface Props {
  names: readonly string[];
  columns: readonly Column[] | null;
  single: boolean;
  disabled: boolean;
  invalid?: boolean;
  label: string;
  onChange: (names: string[]) => void;
}

export function ColumnInput({ names, columns, single, disabled, invalid = false, label, onChange }: Props) {
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [filter, setFilter] = useState(0);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const options = useOptions(columns, names, text, filter, single);
  const known = new Set(columns?.map((column) => column.name));
  const add = (name: string): void => {
    const clean = name.trim();
    if (!clean) return;
    if (!names.includes(clean)) onChange(single ? [clean] : [...names, clean]);
    setText("");
    setAt(0);
    if (single) setOpen(false);
  };
  const drop = (name: string): void => {
    onChange(names.filter((each) => each !== name));
    input.current?.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      setAt((now) => (options.length ? (now + (event.key === "ArrowDown" ? (isOpen ? 1 : 0) : -1) + options.length) % options.length : 0));
    } else if (event.key === "Enter" || (event.key === "," && text)) {
      event.preventDefault();
      add((isOpen && options[at]?.name) || text);
    } else if (event.key === "Backspace" && !text && names.length) drop(names.at(-1)!);
    else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      setOpen(false);
    }
  };
  const onPaste = (event: React.ClipboardEvent): void => {
    const pasted = event.clipboardData.getData("text").split(/[\t\n,;]+/).map((name) => name.trim()).filter(Boolean);
    if (single || pasted.length < 2) return;
    event.preventDefault();
    onChange([...new Set([...names, ...pasted])]);
  };
  return (
    <div className="p-combo" onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}>
      <div className={`p-chips ${disabled ? "is-disabled" : ""}`} aria-invalid={invalid || undefined} onMouseDown={(event) => event.target === event.currentTarget && (event.preventDefault(), input.current?.focus())}>
        {names.map((name) => (
          <span key={name} className={`p-chip ${columns && !known.has(name) ? "is-lost" : ""}`} title={columns && !known.has(name) ? `${name} does not arrive here` : name}>
            <Port type="dataset" />
            <span className="truncate">{name}</span>
            {!disabled && (
              <button type="button" aria-label={`Remove ${name}`} onClick={() => drop(name)}>
                <Icon icon="x" className="icon-sm" />
              </button>
            )}
          </span>
        ))}
        <input
          ref={input}
          role="combobox"
          aria-label={`${label}: add a column`}
          aria-expanded={isOpen}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={isOpen && options[at] ? `${list}-${at}` : undefined}
          autoComplete="off"
          spellCheck={false}
          disabled={disabled}
          value={text}
          placeholder={single && names.length ? "Change column" : "Add column"}
          onFocus={() => setOpen(true)}
          onClick={() => setOpen(true)}
          onChange={(event) => {
            setText(event.target.value);
            setOpen(true);
            setAt(0);
          }}
          onKeyDown={onKey}
          onPaste={onPaste}
        />
      </div>
      <div className="p-options" hidden={!isOpen || !columns}>
        <div className="p-type-filter" role="group" aria-label="Column type">
          {FILTERS.map((each, index) => (
            <button key={each.label} type="button" tabIndex={-1} aria-pressed={filter === index} onMouseDown={(event) => event.preventDefault()} onClick={() => (setFilter(index), setAt(0))}>
              {each.label}
            </button>
          ))}
        </div>
        <ul id={list} role="listbox" aria-label={label}>
          {options.slice(0, MOST).map((column, index) => (
            <li key={column.name} id={`${list}-${index}`} role="option" aria-selected={index === at} ref={index === at ? intoView : undefined} onMouseDown={(event) => event.preventDefault()} onClick={() => add(column.name)}>
              <Port type="dataset" />
              <span className="truncate">{column.name}</span>
              <span className="p-end muted">{[column.role && column.role !== "feature" ? column.role : "", kindOf(column)].filter(Boolean).join(" · ")}</span>
            </li>
          ))}
        </ul>
        {!options.length && <p className="p-none-found">{text ? `No column has “${text}” in its name. Enter takes it as it is.` : "No other column of this type."}</p>}
      </div>
    </div>
  );
}

const intoView = (element: HTMLElement | null): void => {
  element?.scrollIntoView({ block: "nearest" }); // returns a promise, which React would take for a cleanup
};

function useOptions(columns: readonly Column[] | null, names: readonly string[], text: string, filter: number, single: boolean): Column[] {
  return useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const types = FILTERS[filter]?.types ?? [];
    const fits = (columns ?? []).filter((column) => (single || !names.includes(column.name)) && (!types.length || isType(column, types)) && column.name.toLowerCase().includes(wanted));
    if (!wanted) return fits;
    return fits.sort((a, b) => Number(b.name.toLowerCase().startsWith(wanted)) - Number(a.name.toLowerCase().startsWith(wanted)));
  }, [columns, names, text, filter, single]);
}
