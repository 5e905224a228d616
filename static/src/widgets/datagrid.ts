/** `data-widget="datagrid"`: a table from the page or from `data-url`, read by windows of rows. */
import { h } from "../ui/dom.ts";
import { Grid } from "./grid.ts";
import { GridRows, type Page } from "./gridrows.ts";
import { configOf, getJson } from "./mount.ts";

export function datagrid(element: HTMLElement): () => void {
  let grid: Grid | undefined;
  const fail = (error: unknown): void => {
    element.replaceChildren(h("p", { class: "grid-none", role: "alert" }, `The table could not be read. ${error instanceof Error ? error.message : ""}`));
  };
  const url = element.dataset["url"] ?? "";
  const given = configOf<Page>(element);
  const page = given ? Promise.resolve(given) : getJson<Page>(url);
  page.then((read) => (grid = new Grid(element, new GridRows(read, url), { label: element.dataset["title"] ?? "Table" }))).catch(fail);
  return () => grid?.stop();
}
