import { useRef } from "react";
import { useDesigner, useUi } from "../store/hooks.ts";

/** A node's name; F2 makes it a field in place. */
export function RenameField({ id, title }: { id: string; title: string }) {
  const layer = useUi("layer");
  const { draft, ui } = useDesigner();
  const left = useRef(false);
  if (layer?.kind !== "rename" || layer.node !== id) return <strong className="truncate">{title}</strong>;
  const end = (value: string | null, byKey: boolean): void => {
    if (left.current) return;
    left.current = true;
    if (value !== null && value.trim() !== title) draft.setLabel(id, value);
    ui.closeLayer();
    if (byKey) ui.reveal([id], true); // who clicked elsewhere wants to be there
  };
  return (
    <input
      className="d-rename nodrag nopan"
      defaultValue={title}
      aria-label={`New name of ${title}`}
      autoFocus
      maxLength={120}
      onFocus={(event) => {
        left.current = false;
        event.target.select();
      }}
      onBlur={(event) => end(event.target.value, false)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") end(event.currentTarget.value, true);
        if (event.key === "Escape") end(null, true);
      }}
    />
  );
}
