/** The ground's dots: a layer that slides with the canvas, so that panning paints nothing anew. */
import { useStoreApi } from "@xyflow/react";
import { useLayoutEffect, useRef } from "react";
import { GRID } from "../../graph/arrange.ts";

const GAP = 2 * GRID;
/** Closer than this they are a grey: every other one is left out. */
const CLOSEST = 9;

export function Dots() {
  const store = useStoreApi();
  const ground = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    let shown = "";
    let gap = 0;
    const slide = (): void => {
      const { style } = ground.current!;
      const [x, y, zoom] = store.getState().transform;
      if (`${x} ${y} ${zoom}` === shown) return;
      shown = `${x} ${y} ${zoom}`;
      let now = GAP * zoom;
      while (now < CLOSEST) now *= 2;
      if (now !== gap) {
        gap = now;
        style.setProperty("--gap", `${gap}px`);
        style.setProperty("--dot", `${Math.max(0.5, 0.5 * zoom)}px`);
      }
      style.transform = `translate(${rest(x, gap) - gap}px, ${rest(y, gap) - gap}px)`;
    };
    slide();
    return store.subscribe(slide);
  }, [store]);
  return <div className="d-dots" ref={ground} aria-hidden="true" />;
}

const rest = (value: number, gap: number): number => ((value % gap) + gap) % gap;
