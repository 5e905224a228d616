/** Favourite and recent modules, remembered in this browser. */
import { Cell } from "../store/cell.ts";

const FAVOURITES = "officina.designer.favourites";
const RECENT = "officina.designer.recent";
const KEPT = 6;

function load(key: string): string[] {
  try {
    const list = JSON.parse(localStorage.getItem(key) ?? "[]") as unknown;
    return Array.isArray(list) ? list.filter((item): item is string => typeof item === "string") : [];
  } catch {
    return [];
  }
}

export const favourites = new Cell<readonly string[]>(load(FAVOURITES));
export const recent = new Cell<readonly string[]>(load(RECENT));

function store(key: string, list: readonly string[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(list));
  } catch {
    // a private window may refuse: they last as long as the page
  }
}

export function toggleFavourite(name: string): void {
  const now = favourites.get();
  favourites.set(now.includes(name) ? now.filter((one) => one !== name) : [...now, name]);
  store(FAVOURITES, favourites.get());
}

export function noteUsed(name: string): void {
  recent.set([name, ...recent.get().filter((one) => one !== name)].slice(0, KEPT));
  store(RECENT, recent.get());
}
