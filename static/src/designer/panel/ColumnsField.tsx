/** Pick columns: chips by name with what is known upstream, or ordered rules for the rest. */
import { useState } from "react";
import type { Component, GraphNode } from "../../graph/types.ts";
import { Icon } from "../data/parts.tsx";
import { ColumnInput } from "./ColumnInput.tsx";
import type { ControlProps } from "./controls.tsx";
import { RuleList } from "./RuleList.tsx";
import { byNames, choose, plainNames, rulesOf, selectorOf, type Rule } from "./selecting.ts";
import { useUpstream, type Upstream } from "./upstream.ts";

export function ColumnsField({ node, component, spec, value, id, disabled, invalid, onChange }: ControlProps & { node: GraphNode; component: Component }) {
  const upstream = useUpstream(node.id, component, spec);
  const rules = rulesOf(value);
  const names = plainNames(rules);
  const [wantsRules, setWantsRules] = useState(false);
  const inRules = names === null || wantsRules;
  const setNames = (next: readonly string[]): void => onChange(next.length || !spec.optional ? selectorOf(next.length ? [byNames(next)] : []) : null);
  const setRules = (next: readonly Rule[]): void => onChange(next.length ? selectorOf(next) : spec.optional ? null : selectorOf([]));
  const labelledBy = `${id}-label`;
  return (
    <div className="p-columns" role="group" aria-labelledby={labelledBy}>
      {inRules ? (
        <RuleList rules={rules} columns={upstream.columns} disabled={disabled} label={spec.label || spec.name} onChange={setRules} />
      ) : (
        <ColumnInput names={names ?? []} columns={upstream.columns} single={spec.single ?? false} disabled={disabled} invalid={invalid} label={spec.label || spec.name} onChange={setNames} />
      )}
      <div className="p-columns-foot">
        <span>{tell(upstream, rules, spec.single ?? false)}</span>
        {!spec.single && !disabled && (
          <button type="button" className="p-link" aria-pressed={inRules} disabled={names === null} title={names === null ? "These rules say more than a list of names" : "Choose by type, role, position, or exclude"} onClick={() => setWantsRules(!wantsRules)}>
            <Icon icon="adjustments-horizontal" />
            Rules
          </button>
        )}
      </div>
    </div>
  );
}

/** What the choice comes to, in the words of the table that arrives. */
export function tell({ port, columns }: Upstream, rules: readonly Rule[], single: boolean): string {
  if (!columns) return port ? "Columns are not known yet: connect the input, or run what is above" : "";
  const known = `${columns.length} column${columns.length === 1 ? "" : "s"} known from the upstream schema`;
  if (!rules.length) return known;
  const { names, missing, beyond } = choose(columns, rules);
  if (missing.length) return `${missing.map((name) => `“${name}”`).join(", ")} ${missing.length === 1 ? "is" : "are"} not among the ${columns.length} columns that arrive`;
  if (beyond) return `There is no column ${beyond}; the table has ${columns.length}`;
  if (!names || single) return known;
  return `${names.length} of ${known}`;
}
