/** Small makers of elements; text is always text, never markup. */
type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string | null | undefined;

const SVG = "http://www.w3.org/2000/svg";

function fill<T extends Element>(element: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function spriteUrl(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="sprite"]')?.content ?? "";
}

/** An icon of the sprite; the build finds its name in the call. */
export function icon(name: string, classes = ""): SVGSVGElement {
  return s(
    "svg",
    { class: `icon ${classes}`.trim(), "aria-hidden": "true", focusable: "false" },
    s("use", { href: `${spriteUrl()}#${name}` }),
  );
}

export function button(label: string, glyph: SVGSVGElement | null, classes: string, onClick: () => void): HTMLButtonElement {
  const made = h("button", { type: "button", class: classes });
  if (glyph) made.append(glyph);
  if (classes.includes("btn-icon")) {
    made.setAttribute("aria-label", label);
    made.title = label;
  } else made.append(label);
  made.addEventListener("click", onClick);
  return made;
}

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function cspNonce(): string {
  const tag = document.querySelector<HTMLElement>("script[nonce], link[nonce]");
  return tag?.nonce ?? "";
}

/** Say something to screen readers, politely. */
export function announce(text: string): void {
  const region = document.getElementById("announce");
  if (region) region.textContent = text;
}

/** Run `work` at once, then at most once per `wait` ms; the last call is never lost. */
export function throttle(work: () => void, wait: number): () => void {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (timer !== undefined) return;
    const rest = last + wait - performance.now();
    const run = (): void => {
      timer = undefined;
      last = performance.now();
      work();
    };
    if (rest <= 0) run();
    else timer = setTimeout(run, rest);
  };
}
