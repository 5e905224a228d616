/** Draws one line of a log: colours by ANSI codes or by its level, hits marked, markup always as text. */
import { AnsiUp } from "ansi_up";
import { Level, type LogBuffer } from "../live/logbuffer.ts";
import { h } from "../ui/dom.ts";

const MAX_DRAWN = 4000;
const WORDS = /\b(?:DEBUG|TRACE|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b/;
const STAMP = /^\[?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?/;
const CLASS: Record<Level, string> = {
  [Level.none]: "",
  [Level.debug]: "is-debug",
  [Level.info]: "is-info",
  [Level.warning]: "is-warning",
  [Level.error]: "is-error",
};

export function drawLine(log: LogBuffer, index: number, query: string): HTMLElement {
  const raw = log.coloured(index);
  const text = h("span", { class: `log-text ${CLASS[log.level(index)]}`.trim() });
  const shown = raw.length > MAX_DRAWN ? raw.slice(0, MAX_DRAWN) : raw;
  if (shown.includes("\x1b")) text.append(colours(shown));
  else text.append(...parts(shown));
  if (raw.length > MAX_DRAWN) text.append(h("i", { class: "log-more" }, ` … ${raw.length - MAX_DRAWN} more characters`));
  if (query) mark(text, query.toLowerCase());
  return text;
}

function colours(line: string): DocumentFragment {
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  ansi.escape_html = true;
  ansi.url_allowlist = {};
  const holder = document.createElement("template");
  // Escaped by ansi_up: the only markup in it are its own spans.
  holder.innerHTML = ansi.ansi_to_html(line);
  return holder.content;
}

/** A line without colours of its own: dim time stamp, coloured level word. */
function parts(line: string): (Node | string)[] {
  const made: (Node | string)[] = [];
  let rest = line;
  const stamp = STAMP.exec(rest)?.[0];
  if (stamp) {
    made.push(h("span", { class: "log-stamp" }, stamp));
    rest = rest.slice(stamp.length);
  }
  const word = WORDS.exec(rest.slice(0, 80));
  if (!word) return [...made, rest];
  made.push(rest.slice(0, word.index), h("span", { class: "log-level" }, word[0]), rest.slice(word.index + word[0].length));
  return made;
}

function mark(element: HTMLElement, wanted: string): void {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  while (walker.nextNode()) nodes.push(walker.currentNode as Text);
  for (const node of nodes) {
    let at = node.data.toLowerCase().indexOf(wanted);
    let rest = node;
    while (at >= 0) {
      const hit = rest.splitText(at);
      rest = hit.splitText(wanted.length);
      const wrapper = document.createElement("mark");
      hit.replaceWith(wrapper);
      wrapper.append(hit);
      at = rest.data.toLowerCase().indexOf(wanted);
    }
  }
}
