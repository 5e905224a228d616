/** The rules of a column selector in their order: include or exclude, by what, which. */
import type { Column } from "../../graph/types.ts";
import { Icon, IconButton } from "../data/parts.tsx";
import { ColumnInput } from "./ColumnInput.tsx";
import { byNames, choose, namesOf, ROLES, TYPES, type Rule, type RuleKind } from "./selecting.ts";

const KINDS: [RuleKind, string][] = [
  ["names", "names"],
  ["all", "all columns"],
  ["type", "type"],
  ["role", "role"],
  ["range", "positions"],
];
const MOST_SHOWN = 12;

interface Props {
  rules: readonly Rule[];
  columns: readonly Column[] | null;
  disabled: boolean;
  label: string;
  onChange: (rules: Rule[]) => void;
}

export function RuleList({ rules, columns, disabled, label, onChange }: Props) {
  const put = (at: number, rule: Rule): void => onChange(rules.map((each, index) => (index === at ? rule : each)));
  return (
    <div className="p-rules">
      <ol aria-label={`Rules of ${label}`}>
        {rules.map((rule, at) => (
          <li key={at} className="p-rule">
            <div className="p-rule-line">
              <select className="form-select" aria-label={`Rule ${at + 1}: include or exclude`} disabled={disabled} value={rule.include ? "include" : "exclude"} onChange={(event) => put(at, { ...rule, include: event.target.value === "include" })}>
                <option value="include">Include</option>
                <option value="exclude">Exclude</option>
              </select>
              <select className="form-select" aria-label={`Rule ${at + 1}: by`} disabled={disabled} value={rule.by} onChange={(event) => put(at, changed(rule, event.target.value as RuleKind))}>
                {KINDS.map(([kind, word]) => (
                  <option key={kind} value={kind}>
                    {word}
                  </option>
                ))}
              </select>
              <IconButton icon="x" label={`Remove rule ${at + 1}`} disabled={disabled} onClick={() => onChange(rules.filter((_, index) => index !== at))} />
            </div>
            <RuleValue rule={rule} at={at} columns={columns} disabled={disabled} onChange={(value) => put(at, { ...rule, value })} />
          </li>
        ))}
      </ol>
      {!disabled && (
        <button type="button" className="btn btn-sm" onClick={() => onChange([...rules, rules.length ? byNames([], false) : { include: true, by: "all", value: [] }])}>
          <Icon icon="plus" />
          Add rule
        </button>
      )}
      <Result rules={rules} columns={columns} />
    </div>
  );
}

function changed(rule: Rule, by: RuleKind): Rule {
  if (by === rule.by) return rule;
  const value = by === "range" ? "1-3" : by === "type" ? ["numeric"] : by === "role" ? ["feature"] : [];
  return { ...rule, by, value };
}

function RuleValue({ rule, at, columns, disabled, onChange }: { rule: Rule; at: number; columns: readonly Column[] | null; disabled: boolean; onChange: (value: string | string[]) => void }) {
  if (rule.by === "all") return null;
  if (rule.by === "names") return <ColumnInput names={namesOf(rule)} columns={columns} single={false} disabled={disabled} label={`Rule ${at + 1}`} onChange={onChange} />;
  if (rule.by === "range") {
    return <input className="form-control mono" aria-label={`Rule ${at + 1}: positions, for example 1-4,6`} placeholder="1-4,6" disabled={disabled} value={String(rule.value)} onChange={(event) => onChange(event.target.value)} />;
  }
  const chosen = namesOf(rule);
  const words = rule.by === "type" ? TYPES : ROLES;
  const flip = (word: string): void => onChange(chosen.includes(word) ? chosen.filter((each) => each !== word) : [...chosen, word]);
  return (
    <div className="p-words" role="group" aria-label={`Rule ${at + 1}: ${rule.by}`}>
      {words.map((word) => (
        <button key={word} type="button" aria-pressed={chosen.includes(word)} disabled={disabled} onClick={() => flip(word)}>
          {word}
        </button>
      ))}
    </div>
  );
}

/** What the rules come to, while one writes them. */
function Result({ rules, columns }: { rules: readonly Rule[]; columns: readonly Column[] | null }) {
  const names = columns && rules.length ? choose(columns, rules).names : null;
  if (!names?.length) return null;
  const more = names.length - MOST_SHOWN;
  return (
    <p className="p-result">
      <Icon icon="check" className="icon-sm" />
      {names.slice(0, MOST_SHOWN).join(", ")}
      {more > 0 && ` and ${more} more`}
    </p>
  );
}
