import { Cell } from "../store/cell.ts";

export interface Tip {
  node: string;
  port: string;
  label: string;
  type: string;
  side: "source" | "target";
  x: number;
  y: number;
}

export const tip = new Cell<Tip | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export function showTip(element: Element, what: Omit<Tip, "x" | "y">): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const { left, width, top, bottom } = element.getBoundingClientRect();
    tip.set({ ...what, x: left + width / 2, y: what.side === "source" ? bottom : top });
  }, 250);
}

export function hideTip(): void {
  clearTimeout(timer);
  tip.set(null);
}
