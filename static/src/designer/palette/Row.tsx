import { memo } from "react";
import { portLabel, typeLabel } from "../../graph/ports.ts";
import { Icon, tileOf } from "../app/Icon.tsx";
import { PortShape } from "../canvas/PortShape.tsx";
import type { PaletteItem } from "./entries.ts";

interface Props {
  item: PaletteItem;
  id: string;
  active: boolean;
  favourite: boolean;
  note?: string | undefined;
  onAdd: (item: PaletteItem) => void;
  onStar?: (item: PaletteItem) => void;
  onDrag?: (event: React.PointerEvent, item: PaletteItem) => void;
  onHover?: (item: PaletteItem) => void;
}

/** One module: tile, name, and the signs of what it takes and gives. */
export const Row = memo(function Row({ item, id, active, favourite, note, onAdd, onStar, onDrag, onHover }: Props) {
  const { component, title } = item;
  const tile = tileOf(component.category, component.name);
  const missing = component.unavailable;
  return (
    <li
      id={id}
      role="option"
      aria-selected={active}
      aria-disabled={missing ? true : undefined}
      aria-label={`${title}${item.note ? ` ${item.note}` : ""}${missing ? `, not installed: ${missing}` : `, ${portsInWords(item)}`}${favourite ? ", favourite" : ""}`}
      className={`d-row ${active ? "is-active" : ""} ${missing ? "is-missing" : ""}`}
      title={missing ? `Not installed. ${missing}` : component.doc}
      data-module={component.name}
      onPointerDown={(event) => onDrag?.(event, item)}
      onDoubleClick={() => onAdd(item)}
      onMouseMove={() => onHover?.(item)}
    >
      <span className={`d-tile d-tile-sm tile-${tile.kind}`}>
        <Icon icon={tile.icon} className="icon-sm" />
      </span>
      <span className="truncate d-row-name">{title}</span>
      {item.note && <span className="muted small">{item.note}</span>}
      {note && <span className="muted small d-row-note">{note}</span>}
      {missing ? (
        <span className="d-missing">not installed</span>
      ) : (
        <span className="d-glyphs" aria-hidden="true">
          {component.inputs.map((port) => (
            <PortShape key={port.name} type={port.type} />
          ))}
          {component.outputs.length > 0 && <Icon icon="arrow-narrow-right" className="d-arrow" />}
          {component.outputs.map((port) => (
            <PortShape key={port.name} type={port.type} />
          ))}
        </span>
      )}
      {onStar && (
        <span
          className={`d-star ${favourite ? "is-on" : ""}`}
          aria-hidden="true"
          title={favourite ? "Remove from favourites" : "Add to favourites"}
          onPointerDown={(event) => event.stopPropagation()}
          onDoubleClick={(event) => event.stopPropagation()}
          onClick={() => onStar(item)}
        >
          <Icon icon={favourite ? "star-filled" : "star"} className="icon-sm" />
        </span>
      )}
    </li>
  );
});

function portsInWords({ component }: PaletteItem): string {
  const list = (ports: typeof component.inputs): string => ports.map((port) => `${portLabel(port)} (${typeLabel(port.type)})`).join(", ") || "nothing";
  return `takes ${list(component.inputs)}, gives ${list(component.outputs)}`;
}
