/** What the page tells the island: `<div id="designer" data-config="<id of a json_script>">`. */
import { configOf } from "../../widgets/mount.ts";
import type { CatalogueJson, Graph } from "../../graph/types.ts";

export interface Me {
  name: string;
  initials: string;
  color?: string;
}

export interface PageConfig {
  workspace: string;
  guid: string;
  name: string;
  readonly: boolean;
  user: Me;
  revision?: number;
  /** ISO time of the last save. */
  saved?: string;
  graph?: Partial<Graph>;
  catalogue?: CatalogueJson;
  computes?: string[];
  urls?: { pipelines?: string };
}

export function readConfig(element: HTMLElement): PageConfig {
  const given = configOf<Partial<PageConfig>>(element) ?? {};
  const [, workspace, guid] = /\/w\/([^/]+)\/pipelines\/([^/]+)/.exec(location.pathname) ?? [];
  const user = { name: "You", initials: "Y", ...given.user };
  return { name: "Pipeline", readonly: false, ...given, workspace: given.workspace ?? workspace ?? "", guid: given.guid ?? guid ?? "", user };
}
