/** What the palette lists: modules by category, and assets as modules that are filled in. */
import type { Catalogue } from "../../graph/catalogue.ts";
import { entry, type Entry } from "../../graph/search.ts";
import type { AssetEntry, Component } from "../../graph/types.ts";
import type { NewModule } from "../commands/actions.ts";

export interface PaletteItem extends NewModule {
  key: string;
  title: string;
  note?: string;
}

const HIDDEN = new Set(["data_asset", "saved_model", "saved_transform"]);

function ofComponent(component: Component): PaletteItem {
  return { key: component.name, title: component.title || component.name, component };
}

function ofAsset(component: Component | undefined, asset: AssetEntry): PaletteItem[] {
  if (!component) return [];
  return [{ key: `${component.name}:${asset.name}:${asset.version}`, title: asset.name, note: `v${asset.version}`, label: asset.name, params: { asset: `azureml:${asset.name}:${asset.version}` }, component }];
}

export interface Shelves {
  modules: readonly PaletteItem[];
  data: readonly PaletteItem[];
  models: readonly PaletteItem[];
  /** Modules by category, in the catalogue's order. */
  categories: readonly { name: string; items: readonly PaletteItem[] }[];
  index: readonly Entry<PaletteItem>[];
  dataIndex: readonly Entry<PaletteItem>[];
  modelIndex: readonly Entry<PaletteItem>[];
}

const tags = (item: PaletteItem): string[] => [item.component.category, item.component.name, ...(item.component.tags ?? [])];
const indexOf = (items: readonly PaletteItem[]): Entry<PaletteItem>[] => items.map((item) => entry(item, item.title, tags(item), `${item.component.doc} ${item.note ?? ""}`));

export function shelvesOf(catalogue: Catalogue): Shelves {
  const latest = new Map<string, Component>();
  for (const component of catalogue.components) if (!latest.has(component.name)) latest.set(component.name, component);
  const modules = [...latest.values()].filter((component) => !HIDDEN.has(component.name)).map(ofComponent);
  const data = catalogue.data.flatMap((asset) => ofAsset(catalogue.get("data_asset"), asset));
  const models = [...catalogue.models.flatMap((asset) => ofAsset(catalogue.get("saved_model"), asset)), ...catalogue.transforms.flatMap((asset) => ofAsset(catalogue.get("saved_transform"), asset))];
  const byCategory = new Map<string, PaletteItem[]>(catalogue.categories.map((name) => [name, []]));
  for (const item of modules) {
    const list = byCategory.get(item.component.category);
    if (list) list.push(item);
    else byCategory.set(item.component.category, [item]);
  }
  const categories = [...byCategory].filter(([, items]) => items.length).map(([name, items]) => ({ name, items }));
  return { modules, data, models, categories, index: indexOf(modules), dataIndex: indexOf(data), modelIndex: indexOf(models) };
}
