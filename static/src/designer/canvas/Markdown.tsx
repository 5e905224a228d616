/** The little Markdown that notes need; text is never taken as markup. */
import type { ReactNode } from "react";

const INLINE = /(\*\*[^*]+\*\*|\*[^*\s][^*]*\*|`[^`]+`|\[[^\]]+\]\((?:https?:\/\/|\/)[^)\s]+\))/g;

function inline(text: string): ReactNode[] {
  return text.split(INLINE).map((part, at) => {
    if (part.startsWith("**") && part.length > 4) return <strong key={at}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("`") && part.length > 2) return <code key={at}>{part.slice(1, -1)}</code>;
    if (part.startsWith("*") && part.length > 2 && part.endsWith("*")) return <em key={at}>{part.slice(1, -1)}</em>;
    const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
    if (link) {
      return (
        <a key={at} href={link[2]} target="_blank" rel="noreferrer" className="nodrag">
          {link[1]}
        </a>
      );
    }
    return part;
  });
}

function block(lines: string[], key: number): ReactNode {
  const heading = /^(#{1,3})\s+(.*)$/.exec(lines[0] ?? "");
  if (heading) {
    const rest = lines.slice(1);
    return (
      <div key={key}>
        <strong className={`d-md-h${heading[1]!.length}`}>{inline(heading[2]!)}</strong>
        {rest.length > 0 && block(rest, 0)}
      </div>
    );
  }
  if (lines.every((line) => /^\s*[-*]\s+/.test(line))) return <ul key={key}>{lines.map((line, at) => <li key={at}>{inline(line.replace(/^\s*[-*]\s+/, ""))}</li>)}</ul>;
  if (lines.every((line) => /^\s*\d+[.)]\s+/.test(line))) return <ol key={key}>{lines.map((line, at) => <li key={at}>{inline(line.replace(/^\s*\d+[.)]\s+/, ""))}</li>)}</ol>;
  return <p key={key}>{lines.flatMap((line, at) => (at ? [<br key={`b${at}`} />, ...inline(line)] : inline(line)))}</p>;
}

export function Markdown({ text }: { text: string }) {
  const blocks = text.trim().split(/\n\s*\n/).map((part) => part.split("\n"));
  return <div className="d-md">{blocks.map(block)}</div>;
}
