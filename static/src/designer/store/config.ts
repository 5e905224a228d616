/** What the page tells the island, in the json_script `designer-data`. */
import type { CatalogueJson, Graph } from "../../graph/types.ts";

export interface Me {
  id?: number;
  name: string;
  initials: string;
  color: string;
}

export interface SampleLine {
  id: string;
  title: string;
  description: string;
}

export interface PageConfig {
  workspace: string;
  guid: string;
  name: string;
  description: string;
  user: Me;
  canWrite: boolean;
  canSubmit: boolean;
  canPublish: boolean;
  cspNonce: string;
  urls: Partial<Record<"socket" | "runSocket" | "list" | "runs" | "endpoints" | "data" | "models", string>>;
  /** What an empty canvas offers. */
  samples: readonly SampleLine[];
  /** What the draft was when the page was made, if the page says: painted before the live document arrives. */
  graph?: Partial<Graph>;
  catalogue?: CatalogueJson;
  revision?: number;
  saved?: string;
}

export function readConfig(element: HTMLElement): PageConfig {
  const text = document.getElementById("designer-data")?.textContent;
  const given = (text ? JSON.parse(text) : {}) as Partial<PageConfig>;
  return {
    name: "Pipeline",
    description: "",
    canWrite: false,
    canSubmit: false,
    canPublish: false,
    cspNonce: "",
    urls: {},
    samples: [],
    ...given,
    workspace: given.workspace ?? element.dataset["workspace"] ?? "",
    guid: given.guid ?? element.dataset["guid"] ?? "",
    user: { name: "You", initials: "Y", color: "var(--avatar)", ...given.user },
  };
}
