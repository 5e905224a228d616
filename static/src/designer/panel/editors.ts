/** Who else is in which field right now, by the awareness that the canvas shares. */
import { useEffect, useState } from "react";
import { useDesigner } from "../store/index.ts";

export interface Editor {
  name: string;
  color?: string;
}

interface Aware {
  user?: Editor;
  editing?: { node: string; param: string } | null;
}

export function useEditors(node: string): ReadonlyMap<string, Editor> {
  const { awareness } = useDesigner().provider;
  const [editors, setEditors] = useState<ReadonlyMap<string, Editor>>(new Map());
  useEffect(() => {
    const read = (): void => {
      const found = new Map<string, Editor>();
      for (const [client, state] of awareness.getStates()) {
        const { user, editing } = state as Aware;
        if (client !== awareness.clientID && user && editing?.node === node) found.set(editing.param, user);
      }
      setEditors((now) => (now.size === found.size && [...found].every(([param, user]) => now.get(param)?.name === user.name) ? now : found));
    };
    read();
    awareness.on("change", read);
    return () => awareness.off("change", read);
  }, [awareness, node]);
  return editors;
}

/** Tell the others that this field is being edited. */
export function useTellEditing(node: string, param: string): { onFocus: () => void; onBlur: () => void } {
  const { awareness } = useDesigner().provider;
  return {
    onFocus: () => awareness.setLocalStateField("editing", { node, param }),
    onBlur: () => awareness.setLocalStateField("editing", null),
  };
}
