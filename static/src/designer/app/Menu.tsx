/** A button that opens a menu of commands, by mouse and by keyboard. */
import { useEffect, useRef, useState, type ReactNode } from "react";
import { commandOf, isEnabled, keysFor } from "../commands/commands.ts";
import { useActions } from "../commands/context.ts";
import { shown } from "../commands/keymap.ts";
import { Icon } from "./Icon.tsx";

interface Props {
  label: string;
  className: string;
  items: readonly string[];
  children: ReactNode;
  align?: "start" | "end";
}

export function CommandMenu({ label, className, items, children, align = "start" }: Props) {
  const actions = useActions();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>("[role=menuitem]:not(:disabled)")?.focus();
    const away = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away, true);
    return () => document.removeEventListener("pointerdown", away, true);
  }, [open]);
  const close = (): void => {
    setOpen(false);
    root.current?.querySelector<HTMLElement>(":scope > button")?.focus();
  };
  const onKey = (event: React.KeyboardEvent): void => {
    if (!open) return;
    const lines = [...(root.current?.querySelectorAll<HTMLElement>("[role=menuitem]:not(:disabled)") ?? [])];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) lines.at((lines.indexOf(document.activeElement as HTMLElement) + step + lines.length) % lines.length)?.focus();
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") return setOpen(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="d-dropdown" ref={root} onKeyDown={onKey}>
      <button type="button" className={className} aria-label={label} aria-haspopup="menu" aria-expanded={open} title={label} onClick={() => setOpen(!open)}>
        {children}
      </button>
      {open && (
        <div className={`menu-panel d-dropdown-panel is-${align}`} role="menu" aria-label={label}>
          {items.map((id, at) => {
            if (id === "|") return <hr key={at} role="separator" />;
            const command = commandOf(id);
            return (
              <button
                key={id}
                type="button"
                role="menuitem"
                className="menu-item"
                disabled={!isEnabled(command, actions)}
                onClick={() => {
                  setOpen(false);
                  command.run(actions);
                }}
              >
                <Icon icon={command.icon ?? "dots"} />
                {command.label}
                {keysFor(command) && <kbd className="end">{shown(keysFor(command))}</kbd>}
              </button>
            );
          })}
        </div>
      )}
    </div>
  );
}
