/** The menu of the right button, of a long press and of the Menu key. */
import { useEffect, useRef } from "react";
import { Icon } from "../app/Icon.tsx";
import { commandOf, isEnabled, keysFor } from "../commands/commands.ts";
import { useActions } from "../commands/context.ts";
import { shown } from "../commands/keymap.ts";
import { useDesigner, useUi } from "../store/hooks.ts";

const OF_NODE = ["panel", "preview", "logs", "|", "run-to", "run-from", "run-selected", "|", "connect", "rename", "disable", "pin", "comment", "|", "copy", "cut", "duplicate", "delete", "|", "group", "ungroup", "save-component", "look-into", "apart", "|", "select-up", "select-down"];
const OF_MANY = ["align-left", "align-center", "align-top", "align-middle", "distribute-x", "distribute-y", "tidy", "|", "run-selected", "disable", "pin", "group", "save-component", "frame", "|", "copy", "cut", "duplicate", "delete"];
const OF_EDGE = ["delete"];
const OF_PANE = ["quickadd", "note", "frame", "|", "paste", "select-all", "|", "arrange", "fit", "find", "outline", "shortcuts"];

export function ContextMenu() {
  const layer = useUi("layer");
  return layer?.kind === "menu" ? <Menu key={`${layer.screen.x}:${layer.screen.y}`} x={layer.screen.x} y={layer.screen.y} target={layer.target} /> : null;
}

function Menu({ x, y, target }: { x: number; y: number; target: { node?: string; edge?: string } }) {
  const { ui } = useDesigner();
  const actions = useActions();
  const root = useRef<HTMLDivElement>(null);
  const nested = actions.nested() !== null;
  const list = (target.edge ? OF_EDGE : target.node ? (ui.selection.get().size > 1 ? OF_MANY : OF_NODE) : OF_PANE).filter((id) => nested || (id !== "look-into" && id !== "apart"));
  useEffect(() => {
    const items = (): HTMLElement[] => [...(root.current?.querySelectorAll<HTMLElement>("button:not(:disabled)") ?? [])];
    items()[0]?.focus();
    const away = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) ui.closeLayer();
    };
    document.addEventListener("pointerdown", away, true);
    return () => document.removeEventListener("pointerdown", away, true);
  }, [ui]);
  const onKey = (event: React.KeyboardEvent): void => {
    const items = [...(root.current?.querySelectorAll<HTMLElement>("button:not(:disabled)") ?? [])];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items.at((items.indexOf(document.activeElement as HTMLElement) + step + items.length) % items.length)?.focus();
    else if (event.key === "Home") items[0]?.focus();
    else if (event.key === "End") items.at(-1)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") {
      ui.closeLayer();
      actions.canvas?.focus(target.node ?? null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const height = list.length * 30;
  return (
    <div className="menu-panel d-menu" role="menu" aria-label="Actions" ref={root} style={{ left: Math.min(x, innerWidth - 250), top: Math.max(8, Math.min(y, innerHeight - height - 12)) }} onKeyDown={onKey}>
      {list.map((id, at) => {
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
              ui.closeLayer();
              if (id === "quickadd" && actions.canvas) ui.openLayer({ kind: "quickadd", at: actions.canvas.toFlow({ x, y }), screen: { x, y } });
              else command.run(actions);
            }}
          >
            <Icon icon={command.icon ?? "dots"} />
            {command.label}
            {keysFor(command) && <kbd className="end">{shown(keysFor(command))}</kbd>}
          </button>
        );
      })}
    </div>
  );
}
