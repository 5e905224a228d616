/** One figure in the page's chart widget, with its menu: table, PNG, CSV. */
import { useEffect, useRef } from "react";
import { chart } from "../../widgets/chart.ts";
import type { Curved } from "./figures.ts";

const HEIGHT = 210;

export function Curve({ title, figure }: Curved) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = document.createElement("section");
    element.className = "card k-curve";
    Object.assign(element.dataset, { title, height: String(HEIGHT), widget: "chart", mounted: "" });
    host.current?.replaceChildren(element);
    const stop = chart(element, figure);
    return () => {
      stop();
      element.remove();
    };
  }, [title, figure]);
  return <div ref={host} />;
}
