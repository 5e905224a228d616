/** Two versions of a text with what changed between them; its own chunk. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import type { CodeLanguage } from "./code.ts";
import { dressed } from "./codelook.ts";

interface DiffOptions {
  before: string;
  after: string;
  language: CodeLanguage;
  label: string;
  beside?: boolean;
}

export function createDiff(host: HTMLElement, options: DiffOptions): () => void {
  const shown = (label: string): Extension[] => [
    ...dressed(options.language),
    lineNumbers(),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true" }),
  ];
  const collapse = { margin: 3, minSize: 6 };
  if (options.beside) {
    const view = new MergeView({
      a: { doc: options.before, extensions: shown(`${options.label}, before`) },
      b: { doc: options.after, extensions: shown(`${options.label}, after`) },
      parent: host,
      collapseUnchanged: collapse,
    });
    return () => view.destroy();
  }
  const merged = unifiedMergeView({ original: options.before, mergeControls: false, collapseUnchanged: collapse });
  const view = new EditorView({ parent: host, doc: options.after, extensions: [...shown(options.label), merged] });
  return () => view.destroy();
}
