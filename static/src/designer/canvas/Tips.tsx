/** Small words over the canvas: what a port is, and why something was refused. */
import { useEffect } from "react";
import { useCell, useColumns, useDesigner, useInputColumns } from "../store/hooks.ts";
import { PortShape } from "./PortShape.tsx";
import { tip, type Tip } from "./tip.ts";

const LISTED = 8;

export function Tips() {
  const now = useCell(tip);
  return (
    <>
      {now && <PortTip tip={now} />}
      <RefusalHint />
    </>
  );
}

function PortTip({ tip: { node, port, label, type, side, x, y } }: { tip: Tip }) {
  const own = useColumns(side === "source" ? node : null, port);
  const given = useInputColumns(side === "target" ? node : "", port);
  const columns = side === "source" ? own : given;
  const rest = (columns?.length ?? 0) - LISTED;
  return (
    <div className={`d-tip d-tip-${side}`} style={{ left: x, top: y }}>
      <strong>{label}</strong>
      <span>
        <PortShape type={type.toLowerCase()} />
        {type}
        {columns ? ` · ${columns.length} columns` : ""}
      </span>
      {columns && columns.length > 0 && (
        <small>
          {columns.slice(0, LISTED).map((column) => column.name).join(", ")}
          {rest > 0 && ` and ${rest} more`}
        </small>
      )}
    </div>
  );
}

function RefusalHint() {
  const { ui } = useDesigner();
  const hint = useCell(ui.hint);
  useEffect(() => {
    if (!hint) return;
    const timer = setTimeout(() => ui.hint.set(null), 5000);
    const away = (): void => ui.hint.set(null);
    document.addEventListener("pointerdown", away, { once: true });
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerdown", away);
    };
  }, [hint, ui]);
  if (!hint) return null;
  return (
    <div className="d-hint" style={{ left: Math.min(hint.at.x, innerWidth - 300), top: hint.at.y }}>
      {hint.text}
    </div>
  );
}
