declare module "@alpinejs/csp" {
  const Alpine: { start(): void };
  export default Alpine;
}
declare module "plotly.js-cartesian-dist-min" {
  const Plotly: import("./widgets/plotly.ts").PlotlyApi;
  export default Plotly;
}
