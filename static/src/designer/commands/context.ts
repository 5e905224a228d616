import { createContext, useContext } from "react";
import type { Actions } from "./actions.ts";

export const ActionsContext = createContext<Actions | null>(null);

export function useActions(): Actions {
  const actions = useContext(ActionsContext);
  if (!actions) throw new Error("useActions needs an ActionsContext above it.");
  return actions;
}
