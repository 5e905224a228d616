/** Puts the focus into the properties: on the first field, else on whatever can have it. */
const FIELDS = "input, select, textarea, button, a[href], [tabindex='0']";

export function focusPanel(tries = 20): void {
  requestAnimationFrame(() => {
    const panel = document.querySelector(".d-panel");
    const all = [...(panel?.querySelectorAll<HTMLElement>(FIELDS) ?? [])].filter((element) => element.checkVisibility() && !element.matches(":disabled"));
    const field = all.find((element) => element.matches("input, select, textarea") && element.closest("[role=tabpanel], .p-body")) ?? all[0];
    if (field) field.focus();
    else if (tries) focusPanel(tries - 1); // it may have just been opened
  });
}
