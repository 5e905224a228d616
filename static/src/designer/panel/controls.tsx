/** The plain controls: text, number with slider, choice and switch. */
import { useEffect, useRef, useState } from "react";
import type { Json, ParamSpec } from "../../graph/types.ts";
import { hasSlider, parsed, rangeText, words } from "./values.ts";

export interface ControlProps {
  id: string;
  spec: ParamSpec;
  value: Json;
  disabled: boolean;
  invalid: boolean;
  describedBy: string;
  onChange: (value: Json) => void;
}

const asText = (value: Json): string => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** What is typed stays as typed while the field has the focus; news from elsewhere come in when it has not. */
function useTyped(value: Json): { text: string; type: (text: string) => void; onFocus: () => void; onBlur: () => void } {
  const [text, setText] = useState(asText(value));
  const focused = useRef(false);
  useEffect(() => {
    if (!focused.current) setText(asText(value));
  }, [value]);
  return {
    text,
    type: setText,
    onFocus: () => void (focused.current = true),
    onBlur: () => {
      focused.current = false;
      setText(asText(value));
    },
  };
}

export function TextField({ id, spec, value, disabled, invalid, describedBy, onChange }: ControlProps) {
  const typed = useTyped(value);
  const change = (text: string): void => {
    typed.type(text);
    onChange(text === "" && spec.optional ? null : text);
  };
  const shared = { id, disabled, value: typed.text, placeholder: spec.optional ? "Blank" : "", "aria-invalid": invalid, "aria-describedby": describedBy, onFocus: typed.onFocus, onBlur: typed.onBlur };
  if (typed.text.includes("\n") || typed.text.length > 90) return <textarea className="form-control" rows={4} {...shared} onChange={(event) => change(event.target.value)} />;
  return <input type="text" className="form-control" spellCheck={false} autoComplete="off" {...shared} onChange={(event) => change(event.target.value)} />;
}

export function NumberField({ id, spec, value, disabled, invalid, describedBy, onChange }: ControlProps) {
  const typed = useTyped(value);
  const change = (text: string): void => {
    typed.type(text);
    onChange(parsed(spec, text));
  };
  const step = (event: React.KeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const number = Number(typed.text);
    if (!Number.isFinite(number)) return;
    event.preventDefault();
    const size = (spec.type === "integer" ? 1 : hasSlider(spec) ? 0.05 : number && Math.abs(number) < 1 ? 0.01 : 0.1) * (event.shiftKey ? 10 : 1);
    const next = number + (event.key === "ArrowUp" ? size : -size);
    change(String(Number(Math.min(Math.max(next, spec.min ?? -Infinity), spec.max ?? Infinity).toFixed(6))));
  };
  const range = rangeText(spec);
  return (
    <>
      <div className="p-number">
        <input
          type="text"
          inputMode={spec.type === "integer" ? "numeric" : "decimal"}
          className="form-control"
          id={id}
          disabled={disabled}
          value={typed.text}
          placeholder={spec.optional ? "Blank" : ""}
          autoComplete="off"
          aria-invalid={invalid}
          aria-describedby={describedBy}
          onFocus={typed.onFocus}
          onBlur={typed.onBlur}
          onKeyDown={step}
          onChange={(event) => change(event.target.value)}
        />
        {range && <span className="p-range" aria-hidden="true">{range}</span>}
      </div>
      {hasSlider(spec) && <Slider spec={spec} value={value} disabled={disabled} onChange={change} />}
    </>
  );
}

function Slider({ spec, value, disabled, onChange }: { spec: ParamSpec; value: Json; disabled: boolean; onChange: (text: string) => void }) {
  const number = typeof value === "number" ? Math.min(Math.max(value, 0), 1) : 0;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.style.setProperty("--filled", `${number * 100}%`), [number]);
  return <input ref={input} type="range" className="p-slider" min={0} max={1} step={0.01} value={number} disabled={disabled} aria-label={`${spec.label || spec.name}, slider`} onChange={(event) => onChange(event.target.value)} />;
}

export function EnumField({ id, spec, value, disabled, invalid, describedBy, onChange }: ControlProps) {
  const items = spec.enum ?? [];
  const at = items.findIndex((item) => String(item) === asText(value));
  return (
    <select id={id} className="form-select" disabled={disabled} value={at} aria-invalid={invalid} aria-describedby={describedBy} onChange={(event) => onChange(Number(event.target.value) < 0 ? null : items[Number(event.target.value)]!)}>
      {(at < 0 || spec.optional) && <option value={-1}>{value === null || at >= 0 ? "Blank" : asText(value)}</option>}
      {items.map((item, index) => (
        <option key={String(item)} value={index}>
          {words(item)}
        </option>
      ))}
    </select>
  );
}

export function SwitchField({ id, value, disabled, describedBy, onChange }: ControlProps) {
  return <input type="checkbox" role="switch" className="switch" id={id} checked={value === true || value === "true"} disabled={disabled} aria-describedby={describedBy} onChange={(event) => onChange(event.target.checked)} />;
}
