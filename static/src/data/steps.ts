/** Preparation steps: their declarations, and a list of them that can be undone. */
export interface FieldSpec {
  name: string;
  kind: "text" | "number" | "integer" | "switch" | "choice" | "column" | "columns" | "pairs" | "conditions" | "data";
  label: string;
  default?: unknown;
  choices?: Record<string, string>;
  min?: number;
  max?: number;
  optional?: boolean;
  help?: string;
  when?: Record<string, string[]>;
}

export interface StepSpec {
  op: string;
  title: string;
  doc: string;
  group: string;
  fields: FieldSpec[];
}

export type Step = { op: string; disabled?: boolean } & Record<string, unknown>;

export interface Told {
  summary: string;
  notes: string[];
  rows?: number;
  columns?: number;
  error?: { message: string; hint: string; where: string };
}

export type Schema = [name: string, type: string][];

/** A new step: all its fields at their defaults. */
export function blank(spec: StepSpec): Step {
  const step: Step = { op: spec.op };
  for (const field of spec.fields) if (field.default !== undefined) step[field.name] = field.default;
  return step;
}

export function isShown(field: FieldSpec, step: Step, spec: StepSpec): boolean {
  return Object.entries(field.when ?? {}).every(([name, allowed]) => {
    const other = spec.fields.find((each) => each.name === name);
    return allowed.includes(String(step[name] ?? other?.default ?? ""));
  });
}

/** The columns before each step and after the last one; `null` means "as before". */
export function unfolded(schemas: readonly (Schema | null)[]): Schema[] {
  const found: Schema[] = [];
  for (const schema of schemas) found.push(schema ?? found.at(-1) ?? []);
  return found;
}

export function moved(steps: readonly Step[], from: number, to: number): Step[] {
  const rest = steps.filter((_, at) => at !== from);
  return [...rest.slice(0, to), steps[from]!, ...rest.slice(to)];
}

const MOST = 200;

/** What was, what is and what was undone. Changes with the same `key` in a row are one. */
export class History<T> {
  private readonly past: T[] = [];
  private future: T[] = [];
  private key = "";

  constructor(public now: T) {}

  set(next: T, key = ""): void {
    if (!key || key !== this.key) this.past.push(this.now);
    if (this.past.length > MOST) this.past.shift();
    this.key = key;
    this.future = [];
    this.now = next;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  undo(): void {
    const before = this.past.pop();
    if (before === undefined) return;
    this.future.push(this.now);
    this.now = before;
    this.key = "";
  }

  redo(): void {
    const after = this.future.pop();
    if (after === undefined) return;
    this.past.push(this.now);
    this.now = after;
    this.key = "";
  }
}
