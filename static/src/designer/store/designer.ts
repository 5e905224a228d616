/** Everything that the island shares, wired together once per page. */
import { restingOf, type Rest } from "../../graph/resting.ts";
import { Catalogue } from "../../graph/catalogue.ts";
import type { CatalogueJson, Column, Problem } from "../../graph/types.ts";
import { toast } from "../../ui/toast.ts";
import { untilLoaded } from "../app/lazily.ts";
import { Api, type PlanRequest } from "./api.ts";
import { Cell, Keyed } from "./cell.ts";
import type { PageConfig } from "./config.ts";
import { DraftStore } from "./draft.ts";
import { Presence } from "./presence.ts";
import { BANNER_AFTER, type ConnectionState } from "./connection.ts";
import type { ProblemsFrame, TextFrame } from "./provider.ts";
import { RunStore } from "./runs.ts";
import { startFromUrl } from "./location.ts";
import { UiStore } from "./ui.ts";

export class Designer {
  readonly draft: DraftStore;
  readonly api: Api;
  readonly ui = new UiStore();
  readonly connection = new Cell<ConnectionState>({ state: "connecting", unsaved: 0, savedAt: null, savedBy: null, revision: null });
  readonly presence: Presence;
  private readonly socket: string;
  readonly runs: RunStore;
  readonly catalogue = new Cell<Catalogue | null>(null);
  readonly catalogueError = new Cell<string | null>(null);
  readonly problems = new Cell<readonly Problem[]>([]);
  readonly problemsOf = new Keyed<readonly Problem[]>();
  /** Columns by "<node>:<output port>"; null where they are not known. */
  readonly columns = new Keyed<readonly Column[] | null>();
  /** Modules that a run would leave out, and because of which other one. */
  readonly resting = new Keyed<Rest>();
  /** Runs that were submitted while the page is open, here or by others. */
  readonly started = new Set<string>();
  /** How often the server has looked at the draft since the page opened; 0 = not yet. */
  readonly checked = new Cell(0);

  constructor(readonly config: PageConfig) {
    this.draft = new DraftStore(config.graph);
    this.draft.writable.set(config.canWrite);
    this.api = new Api(config.workspace, config.guid);
    const room = `/ws/w/${encodeURIComponent(config.workspace)}`;
    this.socket = config.urls.socket ?? `${room}/pipelines/${encodeURIComponent(config.guid)}/`;
    this.presence = new Presence(config.user, this.ui);
    this.runs = new RunStore(this.api, this.draft, (run) => `${room}/runs/${encodeURIComponent(run)}/`);
    this.draft.onEdit.add(() => this.findResting());
    this.draft.onPin.add(() => this.findResting());
    this.catalogue.subscribe(() => this.findResting());
    if (config.catalogue) this.catalogue.set(new Catalogue(config.catalogue));
    if (config.saved) this.connection.update((now) => ({ ...now, savedAt: config.saved ?? null, revision: config.revision ?? null }));
  }

  start(): void {
    void this.goLive();
    if (!this.catalogue.get()) void this.loadCatalogue();
    void this.runs.show(startFromUrl(this.ui));
  }

  private findResting(): void {
    const catalogue = this.catalogue.get();
    const { nodes, edges } = this.draft.snapshot.get();
    const found = catalogue ? restingOf({ nodes, edges, catalogue }) : new Map<string, Rest>();
    this.resting.merge([...found].map(([id, rest]) => [id, same(this.resting.get(id), rest) ? this.resting.get(id) : rest] as const), true);
  }

  private async goLive(): Promise<void> {
    const banner = setTimeout(() => this.connection.update((now) => ({ ...now, state: "offline" })), BANNER_AFTER);
    try {
      const { goLive } = await untilLoaded(() => import("./live.ts"));
      goLive(this, this.socket);
    } catch {
      this.draft.writable.set(false);
      this.connection.update((now) => ({ ...now, state: "refused", message: "The studio no longer has the files that this page needs, so the draft cannot be edited here. Reload the page." }));
    } finally {
      clearTimeout(banner);
    }
  }

  async loadCatalogue(): Promise<void> {
    try {
      const answer: CatalogueJson = await this.api.catalogue();
      this.catalogue.set(new Catalogue(answer));
      this.catalogueError.set(null);
    } catch (error) {
      this.catalogueError.set(error instanceof Error ? error.message : String(error));
    }
  }

  /** Ask the server to look at the draft now (it also does so by itself after each change). */
  async validate(): Promise<readonly Problem[]> {
    this.setProblems(await this.api.problems());
    return this.problems.get();
  }

  /** Submit without a dialog, lay the run over the draft and follow it. */
  async submit(request: PlanRequest & { experiment?: string; display_name?: string }): Promise<string> {
    const run = await this.api.submit(request);
    this.ui.set({ overlay: "run" });
    await this.runs.show(run.guid);
    return run.guid;
  }

  readonly onFrame = (frame: TextFrame): void => {
    if (frame.type === "problems") this.setProblems(frame as unknown as ProblemsFrame);
    else if (frame.type === "run") {
      this.started.add(String(frame["guid"]));
      void this.runs.show(String(frame["guid"]));
    }
    else if (frame.type === "restored") toast("A version of this draft was restored.", "info");
    else if (frame.type === "refused") toast(String(frame["message"] ?? "The studio refused the change."), "error");
  };

  private setProblems(frame: ProblemsFrame): void {
    this.problems.set(frame.problems ?? []);
    const byNode = new Map<string, Problem[]>();
    for (const problem of this.problems.get()) {
      if (problem.node) byNode.set(problem.node, [...(byNode.get(problem.node) ?? []), problem]);
    }
    this.problemsOf.merge(
      [...byNode].map(([id, list]) => [id, JSON.stringify(list) === JSON.stringify(this.problemsOf.get(id)) ? this.problemsOf.get(id) : list] as const),
      true,
    );
    const columns = Object.entries(frame.columns ?? {}).flatMap(([node, ports]) => Object.entries(ports).map(([port, list]) => [`${node}:${port}`, list] as const));
    this.columns.merge(columns, true);
    this.checked.update((count) => count + 1);
  }
}

const same = (a: Rest | undefined, b: Rest): boolean => a?.why === b.why && a.cause === b.cause;
