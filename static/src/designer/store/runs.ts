/** The run that is laid over the draft: its status, and that of each node, by key. */
import { connect } from "../../live/connection.ts";
import type { RunMessage } from "../../live/live.ts";
import { Versions } from "../../live/live.ts";
import { ended } from "../../ui/status.ts";
import { downstream } from "../../graph/cycles.ts";
import type { Api, RunAnswer } from "./api.ts";
import { Cell, Keyed } from "./cell.ts";
import type { DraftStore } from "./draft.ts";

export interface NodeError {
  code?: string;
  message: string;
  where?: string;
  hint?: string;
}

export interface NodeRun {
  status: string;
  reused: boolean;
  seconds: number | null;
  progress: number | null;
  progress_text?: string;
  /** How long it takes as a rule, in seconds. */
  expected?: number;
  /** ms since the epoch at which `seconds` was true; a running node counts on from there. */
  at?: number;
  error: NodeError | null;
  stale: boolean;
  run: string | null;
  source_run?: string | null;
  outputs: Record<string, { rows?: number | null; columns?: number | null; warning?: string | null; run?: string; port?: string }>;
  /** The steps of a pipeline component, by their names inside. */
  steps?: Record<string, Partial<NodeRun>>;
  /** The pipeline's run that it ran in, which a node that was left out has of an earlier one. */
  parent?: string | null;
  /** Set when the node is pinned: whose results these are. */
  pinned?: { run: string; called: string };
}

export interface RunHead extends RunAnswer {
  reused?: boolean;
  seconds?: number | null;
  at?: number;
  /** How many steps it has in all. */
  steps?: number;
  /** Seconds of work that were left at `leftAt`, as far as can be told. */
  left?: number | null;
  leftAt?: number;
  display_name?: string;
}

export interface StateAnswer {
  run: RunHead | null;
  nodes: Record<string, Partial<NodeRun>>;
}

const BLANK: NodeRun = { status: "NotStarted", reused: false, seconds: null, progress: null, error: null, stale: false, run: null, outputs: {} };

export class RunStore {
  readonly head = new Cell<RunHead | null>(null);
  readonly nodes = new Keyed<NodeRun>();
  private leave: (() => void)[] = [];
  private versions = new Versions();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = 0;
  private followed = "";
  private asked = 0;

  constructor(
    private readonly api: Api,
    private readonly draft: DraftStore,
    private readonly socketUrl: (run: string) => string,
  ) {
    draft.onEdit.add((ids) => this.markStale(ids));
    draft.onPin.add(() => this.head.get() && this.soon(800));
  }

  /** Lay this run over the draft (null: the newest one of this pipeline). */
  async show(run: string | null): Promise<void> {
    if (run) this.follow(run);
    await this.refetch(run ?? undefined);
  }

  clear(): void {
    this.unfollow();
    this.head.set(null);
    this.nodes.merge([], true);
  }

  /** Fetch the state again soon; many asks become one, and none puts off an earlier one. */
  soon(wait = 400): void {
    const due = Date.now() + wait;
    if (this.timer !== undefined && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.refetch(this.followed || undefined);
    }, wait);
  }

  private async refetch(run?: string): Promise<void> {
    const ticket = ++this.asked;
    let answer: StateAnswer;
    try {
      answer = await this.api.state(run);
    } catch {
      return; // no run yet, or no connection: the next message or reconnect asks again
    }
    if (ticket !== this.asked) return;
    const at = Date.now();
    if (!answer.run) {
      if (!run) this.clear();
      return;
    }
    if (answer.run.guid !== this.followed) this.follow(answer.run.guid);
    this.head.set({ ...answer.run, at, leftAt: at });
    this.nodes.merge(
      Object.entries(answer.nodes).flatMap(([id, node]) => [[id, node] as const, ...Object.entries(node.steps ?? {}).map(([step, inner]) => [`${id}/${step}`, inner] as const)]).map(([id, node]) => {
        const next: NodeRun = { ...BLANK, ...node, outputs: node.outputs ?? {}, at };
        const now = this.nodes.get(id);
        return [id, now && same(now, next) ? now : next] as const;
      }),
      true,
    );
  }

  private follow(run: string): void {
    if (run === this.followed) return;
    this.unfollow();
    this.followed = run;
    this.versions = new Versions();
    const connection = connect(this.socketUrl(run));
    this.leave = [
      connection.onMessage((message) => this.followed === run && message.type === "run" && this.onRun(message as RunMessage)),
      connection.onOpen((again) => again && this.soon(0)),
    ];
  }

  private unfollow(): void {
    for (const leave of this.leave) leave();
    this.leave = [];
    this.followed = "";
  }

  private onRun(message: RunMessage): void {
    if (!this.versions.isNew(message)) return;
    const at = Date.now();
    if (message.guid === this.followed) {
      const head = this.head.get();
      this.head.set({ ...(head ?? { guid: message.guid }), status: message.status, seconds: message.seconds ?? head?.seconds ?? null, at });
      if (ended(message.status)) this.soon(200);
      return;
    }
    const id = String(message["step"] ?? "");
    if (!id || message["parent"] !== this.followed) return;
    const now = this.nodes.get(id) ?? BLANK;
    const text = message["progress_text"];
    this.nodes.merge([
      [id, { ...now, run: message.guid, parent: this.followed, status: message.status, reused: Boolean(message.reused), seconds: message.seconds ?? null, progress: message.progress ?? null, progress_text: typeof text === "string" ? text : "", stale: false, at }],
    ]);
    if (ended(message.status) || id.includes("/")) this.soon(); // rows, columns and errors come with the state
  }

  /** What was edited, and everything below it, no longer shows what would come out. */
  private markStale(ids: readonly string[]): void {
    const { edges } = this.draft.snapshot.get();
    const below = downstream(ids, edges.values());
    this.nodes.merge(
      [...ids, ...below].flatMap((id) => {
        const now = this.nodes.get(id);
        return now && !now.stale && ended(now.status) ? [[id, { ...now, stale: true }] as const] : [];
      }),
    );
    if (this.head.get()) this.soon(3500); // the server knows better once it has saved
  }
}

function same(a: NodeRun, b: NodeRun): boolean {
  return JSON.stringify({ ...a, at: 0 }) === JSON.stringify({ ...b, at: 0 });
}
