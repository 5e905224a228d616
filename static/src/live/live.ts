/** Turns live messages into DOM events at most twice a second; they are hints, the page fetches the facts. */
import { throttle } from "../ui/dom.ts";
import { connect, type Connection, type Message } from "./connection.ts";

export interface RunMessage extends Message {
  type: "run";
  guid: string;
  version: number;
  status: string;
  parent?: string;
  root?: string;
  reused?: boolean;
  seconds?: number | null;
  progress?: number | null;
}

/** Remembers the newest version of each run, so a late message does not turn a status back. */
export class Versions {
  private readonly seen = new Map<string, number>();

  isNew(message: Pick<RunMessage, "guid" | "version">): boolean {
    const known = this.seen.get(message.guid);
    if (known !== undefined && message.version <= known) return false;
    this.seen.set(message.guid, message.version);
    return true;
  }
}

const PERIOD = 500;

export function startLive(): void {
  const urls = new Set<string>();
  for (const element of document.querySelectorAll<HTMLElement>("[data-live]")) {
    const url = element.dataset["live"]?.trim();
    if (url) urls.add(url);
  }
  for (const url of urls) follow(connect(url));
}

function follow(connection: Connection): void {
  const versions = new Versions();
  const runs = new Map<string, RunMessage>();
  const metrics = new Set<string>();
  const fire = {
    run: paced(() => {
      const messages = [...runs.values()];
      runs.clear();
      tell("run-changed", { messages });
      for (const guid of new Set(messages.flatMap((m) => [m.guid, m.parent ?? "", m.root ?? ""]))) {
        if (guid) tellRows(guid);
      }
    }),
    metric: paced(() => {
      const guids = [...metrics];
      metrics.clear();
      tell("metric-changed", { guids });
    }),
    queue: paced(() => tell("queue-changed", {})),
  };
  connection.onMessage((message) => {
    if (message.type === "run" && versions.isNew(message as RunMessage)) {
      runs.set(String(message["guid"]), message as RunMessage);
      fire.run();
    } else if (message.type === "metric") {
      metrics.add(String(message["guid"]));
      fire.metric();
    } else if (message.type === "queue") fire.queue();
  });
  // What happened while we were away was told to nobody: ask for everything once.
  connection.onOpen((again) => {
    if (!again) return;
    fire.run();
    fire.metric();
    fire.queue();
  });
}

/** Throttled, and held back while nobody looks at the tab. */
function paced(work: () => void): () => void {
  let waiting = false;
  const run = throttle(() => {
    if (!document.hidden) return work();
    if (waiting) return;
    waiting = true;
    document.addEventListener(
      "visibilitychange",
      () => {
        waiting = false;
        work();
      },
      { once: true },
    );
  }, PERIOD);
  return run;
}

function tell(name: string, detail: object): void {
  document.body.dispatchEvent(new CustomEvent(name, { detail }));
}

/** `<tr data-run="…" hx-trigger="run-changed">` hears only of its own run. */
function tellRows(guid: string): void {
  for (const row of document.querySelectorAll(`[data-run="${CSS.escape(guid)}"]`)) {
    row.dispatchEvent(new CustomEvent("run-changed", { detail: { guid } }));
  }
}
