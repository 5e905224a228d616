/** Mounts `[data-widget]` elements and takes them down again when htmx removes them. */
export type Unmount = (() => void) | void;
export type Widget = (element: HTMLElement) => Unmount;

const known = new Map<string, Widget>();
const mounted = new Map<HTMLElement, Unmount>();
let started = false;

export function widget(name: string, mount: Widget): void {
  known.set(name, mount);
  if (started) mountAll();
}

export function startWidgets(): void {
  if (started) return;
  started = true;
  mountAll();
  // Both events: a swap may replace the element that asked for it.
  document.addEventListener("htmx:after:swap", mountAll);
  document.addEventListener("htmx:after:process", mountAll);
}

export function mountAll(): void {
  for (const [element, unmount] of mounted) {
    if (element.isConnected) continue;
    mounted.delete(element);
    unmount?.();
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-widget]")) {
    const mount = known.get(element.dataset["widget"] ?? "");
    if (!mount || mounted.has(element)) continue;
    element.dataset["mounted"] = "";
    mounted.set(element, mount(element));
  }
}

/** The JSON of `data-config="<id of a json_script>"`, if there is one. */
export function configOf<T>(element: HTMLElement): T | null {
  const id = element.dataset["config"];
  const text = id ? document.getElementById(id)?.textContent : null;
  return text ? (JSON.parse(text) as T) : null;
}

export class FetchError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: signal ?? null });
  if (answer.ok) return (await answer.json()) as T;
  throw new FetchError(answer.status, await problemOf(answer));
}

/** What to tell people of a failed answer: the studio's own words where there are some. */
export async function problemOf(answer: Response): Promise<string> {
  try {
    const body = (await answer.json()) as { error?: { message?: string; hint?: string; id?: string } };
    if (body.error?.message) {
      return [body.error.message, body.error.hint, body.error.id && `(id ${body.error.id})`].filter(Boolean).join(" ");
    }
  } catch {
    // not JSON: a proxy's page
  }
  return `The studio answered ${answer.status}. Reload the page, or try again in a minute.`;
}
