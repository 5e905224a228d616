/** Small pieces that panel, dock and dialogs share. */
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from "react";
import { ago } from "../../ui/format.ts";
import { lookOf } from "../../ui/status.ts";
import { kindOf } from "../../graph/ports.ts";
import { Icon, tileOf } from "../app/Icon.tsx";

export { Icon };

export function IconButton({ icon, label, onClick, pressed, disabled, className = "" }: { icon: string; label: string; onClick: () => void; pressed?: boolean; disabled?: boolean; className?: string }) {
  return (
    <button type="button" className={`btn btn-icon ${className}`.trim()} aria-label={label} title={label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <Icon icon={icon} />
    </button>
  );
}

/** The tile that stands for a module: its category's icon on its tint. */
export function Tile({ category, component, size = 32 }: { category: string; component?: string | undefined; size?: 24 | 28 | 32 }) {
  const look = tileOf(category, component);
  return (
    <span className={`p-tile p-tile-${size} tile-${look.kind}`} aria-hidden="true">
      <Icon icon={look.icon} />
    </span>
  );
}

/** A port's type as shape and colour. */
export function Port({ type }: { type: string }) {
  const kind = kindOf(type);
  const shape = kind === "learner" || kind === "model" ? "diamond" : kind === "transform" || kind === "metrics" ? "square" : "circle";
  return (
    <svg className={`p-port port-${kind}`} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      {shape === "diamond" && <path d="M5 .5 9.5 5 5 9.5.5 5Z" />}
      {shape === "square" && <rect x="1" y="1" width="8" height="8" rx="1.5" />}
      {shape === "circle" && <circle cx="5" cy="5" r="4" />}
    </svg>
  );
}

export function Pill({ status, reused = false, children }: { status: string; reused?: boolean; children?: ReactNode }) {
  const look = lookOf(status, reused);
  return (
    <span className={`pill pill-${look.kind}`}>
      <Icon icon={STATUS_ICONS[look.kind] ?? "clock"} />
      {children ?? look.word}
    </span>
  );
}

const STATUS_ICONS: Record<string, string> = { queued: "clock", running: "loader-2", completed: "circle-check-filled", failed: "circle-x-filled", reused: "recycle", canceled: "ban" };

export function StatusIcon({ status, reused = false }: { status: string; reused?: boolean }) {
  const look = lookOf(status, reused);
  return <Icon icon={STATUS_ICONS[look.kind] ?? "clock"} className={`status-icon status-${look.kind}`} />;
}

export interface TabItem<K extends string> {
  id: K;
  label: string;
  icon?: string;
  count?: number | string | null | undefined;
  warn?: boolean;
}

/** A tab list: arrows move and choose, one tab is in the tab order. */
export function Tabs<K extends string>({ label, items, value, onChange, controls }: { label: string; items: readonly TabItem<K>[]; value: K; onChange: (id: K) => void; controls: string }) {
  const list = useRef<HTMLDivElement>(null);
  const onKey = (event: KeyboardEvent): void => {
    const at = items.findIndex((item) => item.id === value);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = items[(to + items.length) % items.length]!;
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  return (
    <div className="tabs p-tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKey}>
      {items.map((item) => (
        <button key={item.id} type="button" role="tab" id={`${controls}-${item.id}`} data-tab={item.id} aria-selected={item.id === value} aria-controls={controls} tabIndex={item.id === value ? 0 : -1} onClick={() => onChange(item.id)}>
          {item.icon && <Icon icon={item.icon} />}
          {item.label}
          {item.count !== undefined && item.count !== null && <span className={item.warn ? "p-count is-warning" : "count"}>{item.count}</span>}
        </button>
      ))}
    </div>
  );
}

/** A menu that the page's shell opens, closes and walks through with arrows. */
export function Menu({ label, icon, text, className = "", start = false, children }: { label: string; icon?: string; text?: ReactNode; className?: string; start?: boolean; children: ReactNode }) {
  return (
    <details className={`menu ${start ? "menu-start" : ""} ${className}`.trim()}>
      <summary className={text ? "p-menu-text" : "btn btn-icon"} aria-label={label} title={label}>
        {icon && <Icon icon={icon} />}
        {text}
      </summary>
      <div className="menu-panel">{children}</div>
    </details>
  );
}

export function MenuItem({ icon, children, onClick, disabled, current }: { icon?: string; children: ReactNode; onClick: () => void; disabled?: boolean; current?: boolean }) {
  return (
    <button type="button" className="menu-item" onClick={onClick} disabled={disabled} aria-current={current || undefined}>
      {icon && <Icon icon={icon} />}
      {children}
    </button>
  );
}

export function Empty({ icon, title, children }: { icon: string; title: string; children?: ReactNode }) {
  return (
    <div className="p-empty">
      <Icon icon={icon} />
      <p className="p-empty-title">{title}</p>
      {children && <div className="secondary">{children}</div>}
    </div>
  );
}

export function Note({ kind = "info", children, onAgain }: { kind?: "info" | "warning" | "error" | "success"; children: ReactNode; onAgain?: () => void }) {
  const icon = kind === "info" ? "info-circle" : kind === "success" ? "circle-check-filled" : "alert-triangle";
  return (
    <div className={`note note-${kind}`} role={kind === "error" ? "alert" : undefined}>
      <Icon icon={icon} />
      <div>
        {children}
        {onAgain && (
          <button type="button" className="btn btn-sm p-again" onClick={onAgain}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div className="p-skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, at) => (
        <div key={at} className="skeleton" />
      ))}
    </div>
  );
}

/** A native dialog that closes by Esc, its cross, or a click beside it. */
export function Modal({ title, onClose, children, foot, wide = false }: { title: string; onClose: () => void; children: ReactNode; foot?: ReactNode; wide?: boolean }) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement as HTMLElement | null;
    if (dialog && !dialog.open) dialog.showModal();
    // The browser would choose the cross; people come for what the dialog asks, or for its verb.
    const first = ".dialog-body :is(input, select, textarea, button, a, [tabindex='0'])";
    (dialog?.querySelector<HTMLElement>("[data-first]") ?? dialog?.querySelector<HTMLElement>(first))?.focus();
    return () => before?.isConnected && before.focus({ preventScroll: true }) || undefined;
  }, []);
  return (
    <dialog ref={element} className={`dialog p-dialog ${wide ? "is-wide" : ""}`} aria-labelledby={heading} onClose={onClose} onKeyDown={(event) => event.stopPropagation()}>
      <div className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <IconButton icon="x" label="Close" onClick={() => element.current?.close()} />
      </div>
      <div className="dialog-body" tabIndex={0}>
        {children}
      </div>
      {foot && <div className="dialog-foot">{foot}</div>}
    </dialog>
  );
}

/** Mount a framework-free widget into its own element; it is built anew when `key` of the parent changes. */
export function Hosted({ className = "", mount, label }: { className?: string; mount: (element: HTMLElement) => () => void; label?: string }) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(mount);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const inner = document.createElement("div");
    inner.className = className;
    if (label) inner.dataset["title"] = label;
    element.replaceChildren(inner);
    const stop = latest.current(inner);
    return () => {
      stop();
      inner.remove();
    };
  }, [className, label]);
  return <div className="p-hosted" ref={host} />;
}

export function When({ at }: { at: string | null | undefined }) {
  if (!at) return null;
  const date = new Date(at);
  return (
    <time dateTime={at} data-ago="" title={date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" })}>
      {ago(date)}
    </time>
  );
}
