/** The upload dialog: choose or drop, name, send with progress, cancel. */
import { announce, h, icon } from "../ui/dom.ts";
import { commonFolder, ofDrop, ofInput } from "./chosen.ts";
import { send, type Chosen, type Progress } from "./send.ts";

const PHASES = { reading: "Reading", sending: "Sending", storing: "Storing" };

export function upload(element: HTMLElement): () => void {
  const dialog = new UploadDialog(element as HTMLDialogElement);
  return () => dialog.stop();
}

class UploadDialog {
  private chosen: Chosen[] = [];
  private sending: AbortController | null = null;
  private readonly form: HTMLFormElement;
  private said = 0;

  constructor(private readonly root: HTMLDialogElement) {
    this.form = root.querySelector("form")!;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.start();
    });
    root.addEventListener("close", () => this.stop());
    this.part("[data-cancel]").addEventListener("click", () => (this.sending ? this.stop() : root.close()));
    for (const kind of ["files", "folder"]) {
      const input = this.part<HTMLInputElement>(`[data-input="${kind}"]`);
      this.part(`[data-pick="${kind}"]`).addEventListener("click", () => input.click());
      input.addEventListener("change", () => this.choose(ofInput(input.files ?? [])));
    }
    this.listenForDrops(this.part("[data-drop]"));
    document.addEventListener("dragover", this.onPageDrag);
  }

  stop(): void {
    this.sending?.abort();
    if (!this.root.isConnected) document.removeEventListener("dragover", this.onPageDrag);
  }

  /** Files dragged over the page open the dialog. */
  private readonly onPageDrag = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes("Files") && !document.querySelector("dialog[open]")) this.root.showModal();
  };

  private part<T extends HTMLElement = HTMLElement>(selector: string): T {
    return this.root.querySelector<T>(selector)!;
  }

  private listenForDrops(zone: HTMLElement): void {
    this.root.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
    this.root.addEventListener("dragleave", () => zone.classList.remove("is-over"));
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      if (event.dataTransfer && !this.sending) void ofDrop(event.dataTransfer).then((files) => this.choose(files));
    });
  }

  private choose(files: Chosen[]): void {
    if (!files.length) return;
    const folder = files.length > 1 || files[0]!.path.includes("/") ? commonFolder(files.map((each) => each.path)) : "";
    this.chosen = files.map(({ path, file }) => ({ path: path.slice(folder.length), file }));
    const size = files.reduce((sum, each) => sum + each.file.size, 0);
    const what = files.length === 1 ? this.chosen[0]!.path : `${files.length.toLocaleString("en")} files${folder ? ` of ${folder}` : ""}`;
    this.part("[data-chosen]").textContent = `${what}, ${bytes(size)}.`;
    const name = this.form.elements.namedItem("name") as HTMLInputElement;
    if (!name.value) name.value = nameFrom(folder ? folder.slice(0, -1) : files[0]!.file.name);
    this.part<HTMLButtonElement>("[data-start]").disabled = false;
    this.problem("");
  }

  private async start(): Promise<void> {
    if (!this.chosen.length || this.sending) return;
    this.sending = new AbortController();
    this.busy(true);
    const { api = "", folder = "", page = "" } = this.root.dataset;
    const field = (name: string): string => ((this.form.elements.namedItem(name) as HTMLInputElement | null)?.value ?? "").trim();
    try {
      const options = { api, csrf: csrf(), signal: this.sending.signal, progress: (now: Progress) => this.show(now) };
      const tree = await send(this.chosen, options);
      const given = [...this.form.querySelectorAll<HTMLInputElement>("[data-property]")].filter((each) => each.value.trim());
      const properties = Object.fromEntries(given.map((each) => [each.name, each.value.trim()]));
      const body = { properties, name: field("name"), type: field("type"), description: field("description"), tags: tagsOf(field("tags")), tree };
      const answer = await fetch(`${api}/${folder}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
        body: JSON.stringify(body),
        signal: this.sending.signal,
      });
      const made = (await answer.json()) as { version?: string; error?: { message: string; hint: string } };
      if (!answer.ok) throw new Error(`${made.error?.message ?? "It was not registered."} ${made.error?.hint ?? ""}`.trim());
      location.assign(`${page}${encodeURIComponent(body.name)}/?version=${encodeURIComponent(made.version ?? "")}`);
    } catch (error) {
      const canceled = this.sending.signal.aborted;
      this.problem(canceled ? "" : error instanceof Error ? error.message : String(error));
      if (canceled) announce("The upload was canceled.");
      this.busy(false);
    }
  }

  private busy(on: boolean): void {
    if (!on) this.sending = null;
    this.part("[data-progress]").hidden = !on;
    this.part<HTMLButtonElement>("[data-start]").disabled = on;
    this.part("[data-cancel]").textContent = on ? "Cancel upload" : "Close";
    if (on) this.problem("");
  }

  private show({ phase, done, total, file }: Progress): void {
    const bar = this.part<HTMLProgressElement>("progress");
    bar.value = total ? done / total : 1;
    // Screen readers hear of it twice a second at most.
    if (done < total && performance.now() - this.said < 500) return;
    this.said = performance.now();
    this.part("[data-state]").textContent = `${PHASES[phase]} ${bytes(done)} of ${bytes(total)}${file ? `: ${file}` : ""}`;
  }

  private problem(text: string): void {
    const place = this.part("[data-problem]");
    if (!text) return place.replaceChildren();
    place.replaceChildren(h("div", { class: "note note-error", role: "alert" }, icon("alert-triangle"), h("div", {}, h("p", {}, text))));
  }
}

export function nameFrom(path: string): string {
  const plain = path.replace(/\.(csv|tsv|json|parquet|pkl|pickle|joblib|onnx|zip|txt|tar|gz)$/i, "");
  return plain.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "asset";
}

export function tagsOf(text: string): Record<string, string> {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.split("=")[0]!.trim(), line.split("=").slice(1).join("=").trim()]));
}

export function csrf(): string {
  const given = document.body.getAttribute("hx-headers:inherited") ?? "{}";
  return (JSON.parse(given) as Record<string, string>)["X-CSRFToken"] ?? "";
}

function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (count >= 1024 && at < units.length - 1) {
    count /= 1024;
    at += 1;
  }
  return `${at ? count.toFixed(1) : count} ${units[at]}`;
}
