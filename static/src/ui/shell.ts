/** The frame's behaviour, all by attributes: menus, dialogs, rail, copy, confirm, theme, times. */
import { ago } from "./format.ts";
import { button, h, icon } from "./dom.ts";
import { toast } from "./toast.ts";

const closest = (event: Event, selector: string): HTMLElement | null =>
  event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;

export function startShell(): void {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("toggle", onToggle, true);
  startTheme();
  tickTimes();
  setInterval(tickTimes, 15_000);
}

function onClick(event: MouseEvent): void {
  closeMenus(closest(event, "details.menu"));
  if (closest(event, "details.menu button.menu-item")) closeMenus(null);
  const copied = closest(event, "[data-copy]");
  if (copied) void copyText(copied.dataset["copy"] ?? "");
  const opener = closest(event, "[data-dialog]");
  if (opener) dialogOf(opener.dataset["dialog"])?.showModal();
  if (closest(event, "[data-dialog-close]")) closest(event, "dialog")?.dispatchEvent(new Event("dismiss"));
  const dialog = closest(event, "dialog.dialog") as HTMLDialogElement | null;
  if (dialog && (event.target === dialog || closest(event, "[data-dialog-close]"))) dialog.close();
  if (closest(event, "[data-rail-toggle]")) setRail(!document.body.classList.contains("rail-open"));
  else if (closest(event, "[data-rail-close]")) setRail(false);
  const link = closest(event, "a[data-confirm]");
  if (link && !link.dataset["confirmed"]) {
    event.preventDefault();
    confirmFor(link, () => {
      link.dataset["confirmed"] = "1";
      link.click();
    });
  }
}

function dialogOf(id: string | undefined): HTMLDialogElement | null {
  return id ? (document.getElementById(id) as HTMLDialogElement | null) : null;
}

function closeMenus(except: Element | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

function onToggle(event: Event): void {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches("details.menu[open]")) return;
  closeMenus(menu);
  const panel = menu.querySelector<HTMLElement>(".menu-panel");
  if (panel) keepOnScreen(panel);
}

/** Move a menu sideways where it would leave the screen, as on a telephone. */
export function keepOnScreen(panel: HTMLElement, room = 8): void {
  panel.style.translate = "none";
  const { left, right } = panel.getBoundingClientRect();
  const wide = document.documentElement.clientWidth - room;
  const aside = left < room ? room - left : right > wide ? Math.max(wide - right, room - left) : 0;
  if (aside) panel.style.translate = `${Math.round(aside)}px 0`;
}

function onKey(event: KeyboardEvent): void {
  const menu = closest(event, "details.menu[open]") as HTMLDetailsElement | null;
  if (event.key === "Escape") {
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    } else if (document.body.classList.contains("rail-open")) {
      setRail(false);
      document.querySelector<HTMLElement>("[data-rail-toggle]")?.focus();
    }
  }
  if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const items = [...menu.querySelectorAll<HTMLElement>(".menu-panel :is(a, button)")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    const now = items.indexOf(document.activeElement as HTMLElement);
    items.at((now + step + items.length) % items.length)?.focus();
    event.preventDefault();
  }
}

function setRail(open: boolean): void {
  document.body.classList.toggle("rail-open", open);
  document.querySelector("[data-rail-toggle]")?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector<HTMLElement>(".rail a")?.focus();
}

function onChange(event: Event): void {
  const field = event.target;
  if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) return;
  if (field instanceof HTMLInputElement && field.dataset["checkAll"]) {
    const boxes = document.querySelectorAll<HTMLInputElement>(`input[type=checkbox][name="${field.dataset["checkAll"]}"]`);
    for (const box of boxes) box.checked = field.checked;
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if (field.closest("[data-submit-on-change]")) field.form?.requestSubmit();
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  const asker = event.submitter?.dataset["confirm"] ? event.submitter : form;
  if (!asker.dataset["confirm"] || asker.dataset["confirmed"]) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  confirmFor(asker, () => {
    asker.dataset["confirmed"] = "1";
    form.requestSubmit(event.submitter);
    delete asker.dataset["confirmed"];
  });
}

/** Ask in a dialog whose button carries the verb of what was pressed. */
function confirmFor(asker: HTMLElement, go: () => void): void {
  const verb = asker.dataset["confirmVerb"] ?? (asker.textContent?.trim() || "Go on");
  const cancel = button("Keep it", null, "btn", () => dialog.close());
  const accept = button(verb, null, "btn btn-danger-solid", () => {
    dialog.close();
    go();
  });
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-label": verb },
    h("div", { class: "dialog-body" }, asker.dataset["confirm"] ?? ""),
    h("div", { class: "dialog-foot" }, cancel, accept),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.", "success");
  } catch {
    toast("The browser did not allow copying. Select the text and press Ctrl+C.", "warning");
  }
}

function startTheme(): void {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = (choice: string): void => {
    root.dataset["themeChoice"] = choice;
    root.dataset["bsTheme"] = choice === "system" ? (system.matches ? "dark" : "light") : choice;
    document.dispatchEvent(new Event("theme-changed"));
  };
  system.addEventListener("change", () => root.dataset["themeChoice"] === "system" && apply("system"));
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-theme-form]") || !(event.submitter instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const choice = event.submitter;
    const body = new FormData(form, choice);
    apply(choice.value);
    for (const item of form.querySelectorAll("button")) item === choice ? item.setAttribute("aria-current", "true") : item.removeAttribute("aria-current");
    form.closest("details")?.querySelector("summary > svg")?.replaceWith(themeIcon(choice.value));
    closeMenus(null);
    // The cookie is set by the server, so the next page comes in this theme without a flash.
    void fetch(form.action, { method: "POST", body }).catch(() => toast("The theme could not be saved.", "warning"));
  });
}

function themeIcon(choice: string): SVGSVGElement {
  if (choice === "dark") return icon("moon");
  return choice === "light" ? icon("sun") : icon("device-desktop");
}

function tickTimes(): void {
  const now = new Date();
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-ago]")) {
    const moment = new Date(time.dateTime);
    const text = ago(moment, now);
    if (time.textContent !== text) time.textContent = text;
    // The server does not know the reader's time zone; the browser does.
    if (!time.dataset["local"]) {
      time.dataset["local"] = "1";
      time.title = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
    }
  }
}
