/** The catalogue as a value with look-ups. */
import type { AssetEntry, CatalogueJson, Component, GraphNode, PortSpec } from "./types.ts";

export class Catalogue {
  /** What is on offer; components that came with an imported pipeline are only looked up. */
  readonly components: readonly Component[];
  readonly categories: readonly string[];
  readonly data: readonly AssetEntry[];
  readonly models: readonly AssetEntry[];
  readonly transforms: readonly AssetEntry[];
  readonly fits: Readonly<Record<string, string[]>>;
  private readonly byKey = new Map<string, Component>();

  constructor(json: CatalogueJson) {
    const all = json.components ?? [];
    this.components = all.filter((component) => !component.hidden);
    this.categories = json.categories ?? [];
    this.data = json.data ?? [];
    this.models = json.models ?? [];
    this.transforms = json.transforms ?? [];
    this.fits = json.fits ?? {};
    for (const component of all) {
      if (!this.byKey.has(component.name)) this.byKey.set(component.name, component);
      this.byKey.set(`${component.name}@${component.version}`, component);
    }
  }

  /** The component of that version, else the one of that name, else nothing. */
  get(name: string, version?: string): Component | undefined {
    return (version && this.byKey.get(`${name}@${version}`)) || this.byKey.get(name);
  }

  of(node: Pick<GraphNode, "component" | "version">): Component | undefined {
    return this.get(node.component, node.version);
  }

  input(node: GraphNode, port: string): PortSpec | undefined {
    return this.of(node)?.inputs.find((one) => one.name === port);
  }

  output(node: GraphNode, port: string): PortSpec | undefined {
    return this.of(node)?.outputs.find((one) => one.name === port);
  }

  titleOf(node: GraphNode): string {
    return node.label || this.of(node)?.title || node.component;
  }
}
