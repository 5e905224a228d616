/** The HTTP calls of the designer, with the studio's own error words and the CSRF token of the page. */
import { FetchError, problemOf } from "../../widgets/mount.ts";
import type { CatalogueJson, Graph, Json } from "../../graph/types.ts";
import type { ProblemsFrame } from "./provider.ts";
import type { StateAnswer } from "./runs.ts";

export type PlanMode = "all" | "to" | "from" | "selected" | "retry";

export interface PlanRequest {
  mode: PlanMode;
  nodes?: string[];
  run?: string;
  force_rerun?: boolean;
  parameters?: Record<string, Json>;
}

export interface SubmitRequest extends PlanRequest {
  experiment?: string;
  display_name?: string;
  revision?: number;
}

export interface RunAnswer {
  guid: string;
  number?: number;
  status: string;
  [key: string]: unknown;
}

export interface DraftAnswer {
  guid: string;
  name: string;
  description: string;
  revision: number;
  graph: Graph;
  modified_at: string;
  modified_by: unknown;
  last_run: RunAnswer | null;
}

/** The token that Django put into the page for htmx serves here too. */
export function csrfToken(): string {
  try {
    const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}") as Record<string, string>;
    return headers["X-CSRFToken"] ?? "";
  } catch {
    return "";
  }
}

export class Api {
  readonly base: string;
  readonly pipeline: string;

  constructor(
    readonly workspace: string,
    readonly guid: string,
  ) {
    this.base = `/api/v1/workspaces/${encodeURIComponent(workspace)}/`;
    this.pipeline = `${this.base}pipelines/${encodeURIComponent(guid)}`;
  }

  /** `path` begins with a slash for this pipeline ("/plan"), else it is below the workspace ("runs/…"). */
  async call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const url = path === "" || path.startsWith("/") ? this.pipeline + path : this.base + path;
    const headers: Record<string, string> = { Accept: "application/json", "X-CSRFToken": csrfToken() };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(url, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null });
    if (!answer.ok) throw new FetchError(answer.status, await problemOf(answer));
    if (answer.status === 204) return undefined as T;
    const type = answer.headers.get("Content-Type") ?? "";
    return (type.includes("json") ? await answer.json() : await answer.text()) as T;
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.call<T>("GET", path, undefined, signal);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.call<T>("POST", path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>("PATCH", path, body);
  }

  draft(): Promise<DraftAnswer> {
    return this.get("");
  }

  catalogue(): Promise<CatalogueJson> {
    return this.get("designer/catalogue");
  }

  problems(): Promise<ProblemsFrame> {
    return this.get("/problems");
  }

  state(run?: string): Promise<StateAnswer> {
    return this.get(run ? `/state?run=${encodeURIComponent(run)}` : "/state");
  }

  submit(request: SubmitRequest): Promise<RunAnswer> {
    return this.post("/submit", request);
  }

  cancel(run: string): Promise<unknown> {
    return this.post(`runs/${encodeURIComponent(run)}/cancel`);
  }
}
