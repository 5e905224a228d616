/** Plotly, loaded when the first chart comes into view, and the look that our tokens give it. */
import { cspNonce, token } from "../ui/dom.ts";

export interface Trace {
  type?: string;
  mode?: string;
  name?: string;
  x?: unknown[];
  y?: unknown[];
  z?: unknown[][];
  visible?: boolean | "legendonly";
  line?: Record<string, unknown>;
  customdata?: unknown[];
  [key: string]: unknown;
}

export interface Figure {
  data: Trace[];
  layout: Record<string, unknown>;
}

export interface PlotlyApi {
  react(element: HTMLElement, data: Trace[], layout: object, config: object): Promise<void>;
  purge(element: HTMLElement): void;
  downloadImage(element: HTMLElement, options: object): Promise<string>;
  Plots: { resize(element: HTMLElement): void };
}

let loading: Promise<PlotlyApi> | undefined;

export function loadPlotly(): Promise<PlotlyApi> {
  loading ??= load();
  return loading;
}

async function load(): Promise<PlotlyApi> {
  // Plotly looks for this element before it makes one of its own, which the policy would refuse.
  if (!document.getElementById("plotly.js-style-global")) {
    const style = document.createElement("style");
    style.id = "plotly.js-style-global";
    style.nonce = cspNonce();
    document.head.append(style);
  }
  return (await import("plotly.js-cartesian-dist-min")).default;
}

export const colourway = (): string[] => [1, 2, 3, 4, 5, 6, 7, 8].map((n) => token(`series-${n}`));

function axis(): object {
  return {
    gridcolor: token("line"),
    linecolor: token("line-2"),
    zerolinecolor: token("line"),
    tickcolor: token("line-2"),
    tickfont: { size: 11, color: token("ink-3") },
    title: { font: { size: 11, color: token("ink-3") }, standoff: 6 },
    showline: true,
    ticks: "",
    automargin: true,
    nticks: 7,
  };
}

/** The layout template: everything that has a colour comes from the tokens of the theme. */
export function lookTemplate(): object {
  const heat = [
    [0, token("heat-0")],
    [1, token("heat-1")],
  ];
  return {
    layout: {
      font: { family: token("font"), size: 12, color: token("ink-1") },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      colorway: colourway(),
      colorscale: { sequential: heat, sequentialminus: heat },
      hoverlabel: {
        bgcolor: token("surface"),
        bordercolor: token("line-2"),
        font: { family: token("font"), size: 12, color: token("ink-1") },
      },
      xaxis: { ...axis(), showgrid: false },
      yaxis: axis(),
      legend: { font: { size: 12, color: token("ink-2") } },
    },
    data: {
      heatmap: [{ colorscale: heat, xgap: 1, ygap: 1 }],
      bar: [{ marker: { line: { width: 0 } } }],
    },
  };
}
