/** Small choices of the reader that outlive the page. */
import { useCallback, useSyncExternalStore } from "react";
import { Cell } from "../store/cell.ts";

const cells = new Map<string, Cell<unknown>>();

function cellOf<T>(name: string, start: T): Cell<T> {
  let cell = cells.get(name);
  if (!cell) {
    let value: unknown = start;
    try {
      const held = localStorage.getItem(`officina.designer.${name}`);
      if (held !== null) value = JSON.parse(held);
    } catch {
      // not ours, or a private window
    }
    cells.set(name, (cell = new Cell(value)));
  }
  return cell as Cell<T>;
}

type Widened<T> = T extends boolean ? boolean : T extends number ? number : string;

export function useStored<S extends boolean | number | string, T extends Widened<S> = Widened<S>>(name: string, start: S): [T, (value: T) => void] {
  const cell = cellOf<T>(name, start as unknown as T);
  const value = useSyncExternalStore(cell.subscribe, cell.get);
  const store = useCallback(
    (next: T) => {
      cell.set(next);
      try {
        localStorage.setItem(`officina.designer.${name}`, JSON.stringify(next));
      } catch {
        // lasts as long as the page
      }
    },
    [cell, name],
  );
  return [typeof value === typeof start ? value : (start as unknown as T), store];
}
