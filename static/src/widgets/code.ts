/** A code editor that is loaded when the first one is shown: CodeMirror in our tokens, under the page's policy. */
export type CodeLanguage = "python" | "sql" | "json" | "yaml" | "r" | "text";

export interface CodeProblem {
  line: number; // from 1
  column?: number; // from 1
  message: string;
  severity?: "error" | "warning" | "info";
}

/** What completion offers: a column of an upstream table, with its type as detail. */
export interface CodeName {
  name: string;
  detail?: string;
}

export interface CodeOptions {
  value: string;
  label: string;
  language: CodeLanguage;
  readOnly?: boolean;
  /** Asked at each completion, so that it may change under the editor. */
  names?: () => readonly CodeName[];
  lint?: (code: string) => Promise<readonly CodeProblem[]>;
  onChange?: (code: string) => void;
  /** Ctrl+Enter */
  onRun?: () => void;
}

export interface CodeEditor {
  get(): string;
  /** Replace the text, for example after someone else's edit; the caret stays where it can. */
  set(code: string): void;
  goTo(line: number): void;
  focus(): void;
  stop(): void;
}

export async function codeEditor(host: HTMLElement, options: CodeOptions): Promise<CodeEditor> {
  const { createEditor } = await import("./codeeditor.ts");
  return createEditor(host, options);
}

/** Two texts side by side, or one above the other where there is little room. */
export async function codeDiff(
  host: HTMLElement,
  options: { before: string; after: string; language: CodeLanguage; label: string; beside?: boolean },
): Promise<() => void> {
  const { createDiff } = await import("./codediff.ts");
  return createDiff(host, options);
}
