/** Bringing in a workspace's archive: send it, show what would come, then bring it in piece by piece. */
import { announce, h, icon } from "../ui/dom.ts";
import { csrf } from "./dialog.ts";
import { ask, store, type Options, type Progress } from "./send.ts";

export interface Report {
  from: string;
  manifest: Record<string, number | string>;
  imported: string[];
  skipped: string[];
  conflicts: string[];
  bytes: number;
  next: { part: string; line: number } | null;
}

const LISTS = ["imported", "skipped", "conflicts"] as const;
const HEADS = { imported: "Would come in", skipped: "Here already, the same", conflicts: "Here already with other content: stays as it is" };
const PHASES = { reading: "Reading", sending: "Sending", storing: "Storing" };
const SHOWN = 500;

/** Ask until the archive has been gone through; a name that came up twice counts once. */
export async function walk(sha256: string, confirm: boolean, options: Options, told: (sum: Report) => void): Promise<Report> {
  let after: Report["next"] = null;
  let sum: Report | null = null;
  do {
    const body = JSON.stringify({ sha256, confirm, after });
    const got: Report = await ask<Report>(options, "/import", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    if (!sum) sum = got;
    else {
      for (const list of LISTS) sum[list] = [...new Set([...sum[list], ...got[list]])];
      sum.bytes += got.bytes;
      sum.next = got.next;
    }
    after = got.next;
    told(sum);
  } while (after);
  return sum;
}

export function archive(root: HTMLElement): () => void {
  const stop = new AbortController();
  const part = <T extends HTMLElement>(name: string): T => root.querySelector<T>(`[data-${name}]`)!;
  const input = root.querySelector<HTMLInputElement>("input[type=file]")!;
  const [check, bring] = [part<HTMLButtonElement>("check"), part<HTMLButtonElement>("bring")];
  const options: Options = { api: root.dataset["api"] ?? "", csrf: csrf(), signal: stop.signal, progress: (now) => show(now) };
  let sha256 = "";
  let plan: Report | null = null;

  function state(text: string, fraction: number | null): void {
    part("state").textContent = text;
    const bar = part<HTMLProgressElement>("bar");
    bar.hidden = fraction === null;
    if (fraction !== null) bar.value = fraction;
  }

  function show({ phase, done, total }: Progress): void {
    const percent = total ? Math.floor((100 * done) / total) : 100;
    state(`${PHASES[phase]} the archive: ${percent} %`, percent / 100);
  }

  async function work(what: () => Promise<void>): Promise<void> {
    for (const button of [check, bring]) button.disabled = true;
    part("problem").replaceChildren();
    try {
      await what();
    } catch (error) {
      state("", null);
      const text = error instanceof Error ? error.message : String(error);
      part("problem").replaceChildren(h("div", { class: "note note-error", role: "alert" }, icon("alert-triangle"), h("div", {}, h("p", {}, text))));
    }
    check.disabled = !input.files?.length;
    bring.disabled = !plan?.imported.length;
  }

  input.addEventListener("change", () => {
    plan = null;
    part("plan").replaceChildren();
    state("", null);
    check.disabled = !input.files?.length;
    bring.disabled = true;
  });
  check.addEventListener("click", () => {
    void work(async () => {
      sha256 = await store(input.files![0]!, options);
      plan = await walk(sha256, false, options, (sum) => state(`Looking through it: ${count(sum)} so far`, null));
      part("plan").replaceChildren(...described(plan));
      state(plan.imported.length ? "Nothing is changed yet." : "There is nothing to bring in.", null);
      announce(`The archive would bring ${things(plan.imported.length)}; ${plan.conflicts.length} conflicts.`);
    });
  });
  bring.addEventListener("click", () => {
    void work(async () => {
      const wanted = plan!.imported.length;
      const done = await walk(sha256, true, options, (sum) => state(`Bringing in: ${sum.imported.length} of ${wanted}`, sum.imported.length / wanted));
      plan = null;
      state(`${things(done.imported.length)} came in; ${done.skipped.length} were here, ${done.conflicts.length} stay as they are.`, null);
      announce("The archive is in.");
    });
  });
  return () => stop.abort();
}

function things(number: number): string {
  return number === 1 ? "1 thing" : `${number.toLocaleString("en")} things`;
}

function count(sum: Report): string {
  return LISTS.reduce((total, list) => total + sum[list].length, 0).toLocaleString("en");
}

function described(plan: Report): HTMLElement[] {
  const facts = Object.entries(plan.manifest).filter(([name]) => name !== "exported");
  const told = facts.map(([name, value]) => `${Number(value).toLocaleString("en")} ${name}`).join(", ");
  const head = h("p", {}, `Made of ${plan.from || "a workspace"} on ${String(plan.manifest["exported"] ?? "").slice(0, 10)}: ${told}.`);
  const lists = LISTS.filter((list) => plan[list].length).map((list) => {
    const rows = plan[list].slice(0, SHOWN).map((name) => h("li", {}, name));
    const more = plan[list].length > SHOWN ? [h("li", { class: "secondary" }, `and ${(plan[list].length - SHOWN).toLocaleString("en")} more`)] : [];
    const open: Record<string, string> = list === "conflicts" ? { open: "" } : {};
    return h("details", open, h("summary", {}, `${HEADS[list]}: ${plan[list].length.toLocaleString("en")}`), h("ul", { class: "rows" }, ...rows, ...more));
  });
  return [head, ...lists];
}
