/** Who else is in which field right now, by the presence that the canvas shares. */
import { useEffect, useState } from "react";
import { useDesigner } from "../store/index.ts";

export interface Editor {
  name: string;
  color?: string;
}

export function useEditors(node: string): ReadonlyMap<string, Editor> {
  const { peers } = useDesigner().presence;
  const [editors, setEditors] = useState<ReadonlyMap<string, Editor>>(new Map());
  useEffect(() => {
    const read = (): void => {
      const found = new Map<string, Editor>();
      for (const { user, editing } of peers.get()) if (editing?.node === node && editing.param !== null) found.set(editing.param, user);
      setEditors((now) => (now.size === found.size && [...found].every(([param, user]) => now.get(param)?.name === user.name) ? now : found));
    };
    read();
    return peers.subscribe(read);
  }, [peers, node]);
  return editors;
}

/** Tell the others that this field is being edited. */
export function useTellEditing(node: string, param: string): { onFocus: () => void; onBlur: () => void } {
  const { presence } = useDesigner();
  return {
    onFocus: () => presence.editing(node, param),
    onBlur: () => presence.editing(null),
  };
}
