/** How code looks: only tokens, so that both themes follow without a reload. */
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { SQLite, sql } from "@codemirror/lang-sql";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { cspNonce } from "../ui/dom.ts";
import type { CodeLanguage } from "./code.ts";

const look = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--ink-1)", fontSize: "0.75rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "19px", fontFeatureSettings: '"calt" 0' },
  ".cm-content": { caretColor: "var(--accent)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--surface-2)", color: "var(--ink-3)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 5%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--hover)", color: "var(--ink-1)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 22%, transparent) !important" },
  ".cm-matchingBracket": { backgroundColor: "var(--accent-soft) !important", outline: "1px solid var(--line-2)" },
  ".cm-tooltip": { border: "1px solid var(--line)", borderRadius: "var(--radius)", backgroundColor: "var(--surface)", color: "var(--ink-1)", boxShadow: "var(--shadow-3)", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "180px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px !important" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft) !important", color: "var(--ink-1) !important" },
  ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-completionMatchedText": { color: "var(--accent)", textDecoration: "none", fontWeight: "600" },
  ".cm-diagnostic": { padding: "5px 9px", borderLeft: "3px solid var(--failed)", fontFamily: "var(--font)", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--failed) 1px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warning) 1px", textUnderlineOffset: "3px" },
  ".cm-gutter-lint": { width: "14px" },
  ".cm-lint-marker": { width: "9px", height: "9px", margin: "5px 2px", content: "none !important", borderRadius: "50%" },
  ".cm-lint-marker-error": { backgroundColor: "var(--failed)" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--warning)" },
  ".cm-panels": { backgroundColor: "var(--surface-2)", color: "var(--ink-1)", borderColor: "var(--line) !important" },
  ".cm-textfield": { backgroundColor: "var(--surface)", border: "1px solid var(--line-2)", color: "var(--ink-1)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--surface)", border: "1px solid var(--line-2)", borderRadius: "var(--radius-chip)", color: "var(--ink-1)" },
  ".cm-placeholder": { color: "var(--ink-3)" },
  ".cm-changedLine, &.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: "var(--completed-soft) !important" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--failed-soft) !important" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "color-mix(in srgb, var(--failed) 22%, transparent) !important" },
  "&.cm-merge-b .cm-changedText, .cm-changedText": { background: "color-mix(in srgb, var(--completed) 22%, transparent) !important" },
  ".cm-collapsedLines": { background: "var(--hover) !important", color: "var(--ink-2) !important" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--port-model)", fontWeight: "550" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--completed)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--warning)" },
  { tag: [tags.comment, tags.meta], color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.definition(tags.variableName)], color: "var(--accent)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.typeName, tags.className], color: "var(--reused)" },
  { tag: tags.invalid, color: "var(--failed)" },
]);

const LANGUAGES: Record<CodeLanguage, () => Extension> = {
  python: () => python(),
  sql: () => sql({ dialect: SQLite, upperCaseKeywords: true }),
  json: () => json(),
  yaml: () => yaml(),
  r: () => [],
  text: () => [],
};

/** What every editor has: the look, the language and the nonce under which its styles are allowed. */
export function dressed(language: CodeLanguage): Extension[] {
  return [EditorView.cspNonce.of(cspNonce()), look, syntaxHighlighting(colours), LANGUAGES[language]()];
}
