/** A file input under a drop area: the browser takes the drop, here the area says so and names what was chosen. */
export function dropfield(root: HTMLElement): () => void {
  const input = root.querySelector<HTMLInputElement>("input[type=file]")!;
  const text = root.querySelector<HTMLElement>("[data-chosen]")!;
  const asked = text.textContent;
  const stop = new AbortController();
  const on = (target: HTMLElement, name: string, work: () => void): void => target.addEventListener(name, work, { signal: stop.signal });
  on(root, "dragenter", () => root.classList.toggle("is-over", !input.disabled));
  for (const name of ["dragleave", "drop"]) on(root, name, () => root.classList.remove("is-over"));
  on(input, "change", () => {
    text.textContent = namesOf([...(input.files ?? [])].map((file) => file.name)) || asked;
  });
  return () => stop.abort();
}

export function namesOf(names: string[]): string {
  return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${(names.length - 2).toLocaleString("en")} more` : names.join(", ");
}
