/** "?": every key, which may be changed here or, single keys, turned off. */
import { useEffect, useRef, useState } from "react";
import { Icon } from "../app/Icon.tsx";
import { useCell, useDesigner, useUi } from "../store/hooks.ts";
import { COMMANDS, commandFor, keysFor, type Command } from "./commands.ts";
import { keySettings, keysOf, saveKeys, shown } from "./keymap.ts";

const FIXED: readonly [string, string][] = [
  ["↑ ↓ ← →", "Move the selection along the connections"],
  ["Shift ↑ ↓", "Add the next to the selection"],
  ["Alt ↑ ↓ ← →", "Move by 8 px (Shift: 1 px)"],
  ["Ctrl V", "Paste"],
  ["Ctrl K", "Search and commands"],
  ["Shift drag", "Select by a rectangle"],
  ["Esc", "Close one layer, then clear the selection"],
];
const GROUPS = ["Move", "Edit", "Select", "Arrange", "View", "Run", "Draft"] as const;

export function Shortcuts() {
  return useUi("layer")?.kind === "shortcuts" ? <ShortcutDialog /> : null;
}

function ShortcutDialog() {
  const { ui } = useDesigner();
  const settings = useCell(keySettings);
  const dialog = useRef<HTMLDialogElement>(null);
  const [asking, setAsking] = useState<string | null>(null);
  const [note, setNote] = useState("");
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const take = (command: Command, event: React.KeyboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    const keys = keysOf(event.nativeEvent);
    setAsking(null);
    if (keys === "Escape") return;
    const other = commandFor(keys);
    if (other && other.id !== command.id) return setNote(`${shown(keys)} is taken by “${other.label}”. Change that first.`);
    setNote(`${command.label} is now ${shown(keys)}.`);
    saveKeys({ own: { ...settings.own, [command.id]: keys } });
  };
  return (
    <dialog className="dialog d-shortcuts" ref={dialog} aria-label="Keyboard shortcuts" onCancel={(event) => (event.preventDefault(), ui.closeLayer())} onClick={(event) => event.target === dialog.current && ui.closeLayer()}>
      <div className="dialog-head">
        <h2>Keyboard shortcuts</h2>
        <button type="button" className="btn btn-icon" aria-label="Close" onClick={() => ui.closeLayer()}>
          <Icon icon="x" />
        </button>
      </div>
      <div className="dialog-body">
        <div className="d-shortcut-tools">
          <label className="check">
            <input type="checkbox" className="switch" role="switch" checked={settings.single} onChange={(event) => saveKeys({ single: event.target.checked })} />
            Single keys such as C and D work on the canvas
          </label>
          <button type="button" className="btn btn-sm" disabled={!Object.keys(settings.own).length} onClick={() => saveKeys({ own: {} })}>
            Restore all
          </button>
          <span role="status" className="small secondary">
            {note}
          </span>
        </div>
        <div className="d-shortcut-grid">
          {GROUPS.map((group) => {
            const commands = COMMANDS.filter((command) => command.group === group && (keysFor(command) || group === "Edit"));
            if (group !== "Move" && !commands.length) return null;
            return (
              <section key={group} aria-label={group}>
                <h3>{group}</h3>
                <dl>
                  {group === "Move" &&
                    FIXED.map(([keys, label]) => (
                      <div key={keys}>
                        <dt>{label}</dt>
                        <dd>
                          <kbd>{keys}</kbd>
                        </dd>
                      </div>
                    ))}
                  {commands.map((command) => (
                    <div key={command.id}>
                      <dt>{command.label}</dt>
                      <dd>
                        <button type="button" className={`d-key ${settings.own[command.id] ? "is-own" : ""}`} aria-label={`Change the key of ${command.label}${keysFor(command) ? `, now ${shown(keysFor(command))}` : ""}`} onClick={() => setAsking(command.id)} onBlur={() => setAsking(null)} onKeyDown={(event) => asking === command.id && take(command, event)}>
                          {asking === command.id ? "Press keys…" : keysFor(command) ? <kbd>{shown(keysFor(command))}</kbd> : <span className="muted">none</span>}
                        </button>
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            );
          })}
        </div>
      </div>
    </dialog>
  );
}
