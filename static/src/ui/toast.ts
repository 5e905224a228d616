/** Short notes at the lower right; errors stay until they are closed. */
import { button, h, icon } from "./dom.ts";

export type Kind = "info" | "success" | "warning" | "error";

export function toast(text: string, kind: Kind = "info", action?: { label: string; run: () => void }): HTMLElement | null {
  const region = document.getElementById("toasts");
  if (!region) return null;
  const note = h("div", { class: `toast-note toast-${kind}` }, h("span", {}, text));
  if (action) {
    const act = button(action.label, null, "btn btn-sm", () => {
      action.run();
      note.remove();
    });
    note.append(act);
  }
  note.append(button("Close", icon("x"), "btn btn-icon btn-sm", () => note.remove()));
  region.append(note);
  if (kind !== "error") setTimeout(() => note.remove(), action ? 10_000 : 6_000);
  return note;
}

export function listenForToasts(): void {
  // The server asks for one with `HX-Trigger: {"toast": {"text": …, "kind": …}}`.
  document.addEventListener("toast", (event) => {
    const detail = (event as CustomEvent<{ text?: string; kind?: Kind }>).detail;
    if (detail?.text) toast(detail.text, detail.kind);
  });
  document.addEventListener("htmx:error", () => {
    if (navigator.onLine) toast("The studio did not answer. Your last action may not have been carried out.", "error");
  });
}
