/** The editor itself; its own chunk, since CodeMirror is large. */
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { linter, lintGutter, lintKeymap, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import type { CodeEditor, CodeName, CodeOptions } from "./code.ts";
import { dressed } from "./codelook.ts";

const LINT_DELAY = 400;

export function createEditor(host: HTMLElement, options: CodeOptions): CodeEditor {
  let quiet = false;
  const changed = EditorView.updateListener.of((update) => {
    if (update.docChanged && !quiet) options.onChange?.(update.state.doc.toString());
  });
  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: options.value,
      extensions: [...dressed(options.language), ...frame(options), changed, ...assistance(options)],
    }),
  });
  return {
    get: () => view.state.doc.toString(),
    set: (code) => {
      const now = view.state.doc.toString();
      if (code === now) return;
      quiet = true;
      const edit = changeBetween(now, code);
      view.dispatch({ changes: edit });
      quiet = false;
    },
    goTo: (line) => {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines)).from;
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    stop: () => view.destroy(),
  };
}

/** The one stretch in which two texts differ, so that a caret elsewhere does not move. */
export function changeBetween(before: string, after: string): { from: number; to: number; insert: string } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

function frame(options: CodeOptions): Extension[] {
  return [
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of(options.language === "python" ? "    " : "  "),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    EditorView.contentAttributes.of({ "aria-label": options.label, spellcheck: "false", tabindex: "0" }),
    EditorState.readOnly.of(options.readOnly ?? false),
    keymap.of([
      { key: "Mod-Enter", run: () => (options.onRun?.(), options.onRun !== undefined) },
      { key: "Tab", run: acceptCompletion },
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...historyKeymap,
      ...searchKeymap,
      ...completionKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
  ];
}

function assistance(options: CodeOptions): Extension[] {
  const made: Extension[] = [autocompletion({ icons: false })];
  const names = options.names;
  if (names) {
    // The same function at each call: CodeMirror tells sources apart by identity.
    const data = [{ autocomplete: (context: CompletionContext) => complete(context, names()) }];
    made.push(EditorState.languageData.of(() => data));
  }
  const lint = options.lint;
  if (lint) made.push(lintGutter(), linter(async (view) => diagnostics(view, await lint(view.state.doc.toString())), { delay: LINT_DELAY }));
  return made;
}

/** Column names, inside quotes as they are, elsewhere with the quotes that they need. */
function complete(context: CompletionContext, names: readonly CodeName[]): CompletionResult | null {
  const word = context.matchBefore(/["'`[]?[\w ]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  const opened = /^["'`[]/.test(word.text);
  return {
    from: word.from + (opened ? 1 : 0),
    options: names.map(({ name, detail }) => ({
      label: name,
      detail: detail ?? "column",
      type: "property",
      boost: opened ? 50 : -1,
      apply: opened || /^\w+$/.test(name) ? name : JSON.stringify(name),
    })),
    validFor: /^[\w ]*$/,
  };
}

function diagnostics(view: EditorView, problems: Awaited<ReturnType<NonNullable<CodeOptions["lint"]>>>): Diagnostic[] {
  const doc = view.state.doc;
  return problems.map((problem) => {
    const line = doc.line(Math.min(Math.max(problem.line, 1), doc.lines));
    const from = Math.min(line.from + Math.max((problem.column ?? 1) - 1, 0), line.to);
    return { from: problem.column ? from : line.from, to: line.to, severity: problem.severity ?? "error", message: problem.message };
  });
}
