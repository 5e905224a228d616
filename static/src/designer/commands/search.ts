/** Ctrl+K: the portal's palette also finds the designer's commands and the draft's modules. */
import { offerLines } from "../../ui/palette.ts";
import type { Actions } from "./actions.ts";
import { COMMANDS, isEnabled, keysFor } from "./commands.ts";
import { shown } from "./keymap.ts";

export function offerInPalette(actions: Actions): () => void {
  return offerLines(() => {
    const { designer } = actions;
    const { nodes } = designer.draft.snapshot.get();
    const catalogue = designer.catalogue.get();
    const commands = COMMANDS.filter((command) => isEnabled(command, actions)).map((command) => ({
      label: command.label,
      url: "",
      icon: command.icon ?? "command",
      note: keysFor(command) ? shown(keysFor(command)) : command.group,
      run: () => command.run(actions),
    }));
    const modules = [...nodes.values()].map((node) => ({
      label: catalogue?.titleOf(node) ?? node.id,
      url: "",
      icon: "pointer",
      note: "On the canvas",
      run: () => {
        designer.ui.focusNode(node.id);
        actions.canvas?.focus(node.id);
      },
    }));
    const addable = actions.canEdit
      ? (catalogue?.components ?? []).filter((component) => !component.unavailable).map((component) => ({ label: `Add ${component.title}`, url: "", icon: "plus", note: component.category, run: () => void actions.add({ component }, null) }))
      : [];
    return [...commands, ...modules, ...addable];
  });
}
