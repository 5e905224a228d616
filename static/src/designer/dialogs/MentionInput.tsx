/** A text that completes the names of members after @. */
import { useId, useRef, useState, type KeyboardEvent } from "react";
import { useMembers, type Member } from "../data/members.ts";

const MOST = 6;

export function MentionInput({ value, onChange, onSend }: { value: string; onChange: (text: string) => void; onSend: () => void }) {
  const members = useMembers();
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useId();
  const [begun, setBegun] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const found = begun === null ? [] : members.filter((member) => `${member.name} ${member.email}`.toLowerCase().includes(begun.toLowerCase())).slice(0, MOST);
  const look = (text: string, caret: number): void => {
    const match = /(?:^|\s)@([\w.+@-]*)$/.exec(text.slice(0, caret));
    setBegun(match ? match[1]! : null);
    setAt(0);
  };
  const take = (member: Member): void => {
    const caret = field.current?.selectionStart ?? value.length;
    const before = value.slice(0, caret).replace(/@[\w.+@-]*$/, `@${member.email} `);
    onChange(before + value.slice(caret));
    setBegun(null);
    field.current?.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      return onSend();
    }
    if (!found.length) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((now) => (now + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length);
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      take(found[at]!);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      setBegun(null);
    }
  };
  return (
    <div className="p-combo">
      <textarea
        ref={field}
        className="form-control"
        rows={3}
        aria-label="New comment"
        placeholder="Say something; @ names someone, Ctrl+Enter sends"
        aria-haspopup="listbox"
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={found.length ? `${list}-${at}` : undefined}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
          look(event.target.value, event.target.selectionStart);
        }}
        onKeyDown={onKey}
        onBlur={() => setBegun(null)}
      />
      <div className="p-options n-members" hidden={!found.length}>
        <ul id={list} role="listbox" aria-label="Members">
          {found.map((member, index) => (
            <li key={member.email} id={`${list}-${index}`} role="option" aria-selected={index === at} onMouseDown={(event) => event.preventDefault()} onClick={() => take(member)}>
              <span className="truncate">{member.name}</span>
              <span className="muted p-end">{member.email}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
