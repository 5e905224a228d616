/** A Markdown note, or a frame that takes along what lies in it. */
import { NodeResizer, type NodeProps } from "@xyflow/react";
import { memo, useRef } from "react";
import { snap } from "../../graph/arrange.ts";
import { useDesigner, useUi, useWritable } from "../store/hooks.ts";
import { Markdown } from "./Markdown.tsx";
import type { NoteNode } from "./types.ts";

export const NOTE_COLORS = ["yellow", "blue", "green", "purple", "grey"] as const;

export const NoteView = memo(function NoteView({ id, data: { note }, selected }: NodeProps<NoteNode>) {
  const { draft, ui } = useDesigner();
  const writable = useWritable();
  const layer = useUi("layer");
  const editing = layer?.kind === "rename" && layer.node === id;
  return (
    <div className={`d-note ${note.frame ? "is-frame" : ""} note-${note.color ?? (note.frame ? "grey" : "yellow")} ${selected ? "is-selected" : ""}`} data-note={id} onDoubleClick={() => writable && ui.openLayer({ kind: "rename", node: id })}>
      <NodeResizer
        isVisible={Boolean(selected) && writable}
        minWidth={96}
        minHeight={48}
        onResizeEnd={(_, size) => draft.setNote(id, { x: snap(size.x), y: snap(size.y), width: snap(size.width), height: snap(size.height) })}
      />
      {editing ? <NoteEditor id={id} text={note.text} frame={Boolean(note.frame)} /> : note.frame ? <strong className="d-frame-title truncate">{note.text || "Frame"}</strong> : <Markdown text={note.text || "*Double-click to write.*"} />}
      {selected && writable && !editing && (
        <div className="d-note-colors nodrag" role="group" aria-label="Colour">
          {NOTE_COLORS.map((color) => (
            <button key={color} type="button" className={`note-${color}`} aria-label={color} aria-pressed={(note.color ?? (note.frame ? "grey" : "yellow")) === color} onClick={() => draft.setNote(id, { color })} />
          ))}
        </div>
      )}
    </div>
  );
});

function NoteEditor({ id, text, frame }: { id: string; text: string; frame: boolean }) {
  const { draft, ui } = useDesigner();
  const cancelled = useRef(false);
  return (
    <textarea
      className="d-note-edit nodrag nopan nowheel"
      defaultValue={text}
      rows={frame ? 1 : undefined}
      aria-label={frame ? "Title of the frame" : "Text of the note, Markdown"}
      autoFocus
      onFocus={(event) => event.target.select()}
      onBlur={(event) => {
        if (!cancelled.current && event.target.value !== text) draft.setNote(id, { text: event.target.value });
        if (ui.state.get().layer?.kind === "rename") ui.closeLayer();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") cancelled.current = true;
        if (event.key === "Escape" || (event.key === "Enter" && (frame || event.ctrlKey || event.metaKey))) event.currentTarget.blur();
      }}
    />
  );
}
