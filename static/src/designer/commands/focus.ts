/** Moves the focus to what a command shows: at once when it is drawn already, so that no key typed meanwhile is lost. */
const FIELDS = "input, select, textarea, button, a[href], [tabindex='0']";

/** Tries again for some frames while `find` gives nothing, but never takes the focus from where the person moved it meanwhile. */
export function focusSoon(find: () => HTMLElement | null | undefined, tries = 30): void {
  const before = document.activeElement;
  const attempt = (left: number): void => {
    const element = find();
    if (element) element.focus({ preventScroll: true });
    else if (left) requestAnimationFrame(() => (document.activeElement === before || document.activeElement === document.body) && attempt(left - 1));
  };
  attempt(tries);
}

/** Puts the focus into the properties: on the first field, else on whatever can have it. */
export function focusPanel(): void {
  focusSoon(() => {
    const panel = document.querySelector(".d-panel");
    const all = [...(panel?.querySelectorAll<HTMLElement>(FIELDS) ?? [])].filter((element) => element.checkVisibility() && !element.matches(":disabled"));
    return all.find((element) => element.matches("input, select, textarea") && element.closest("[role=tabpanel], .p-body")) ?? all[0];
  });
}
