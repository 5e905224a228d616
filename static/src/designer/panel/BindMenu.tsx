/** Bind a parameter of a step to one of the pipeline, or make one of it. */
import type { GraphNode, Json, ParameterType, ParamSpec } from "../../graph/types.ts";
import { Icon, Menu, MenuItem } from "../data/parts.tsx";
import { useDesigner, useParameters, useWritable } from "../store/index.ts";
import { shown } from "./values.ts";

export function BindMenu({ node, spec, value, bound }: { node: GraphNode; spec: ParamSpec; value: Json; bound: string | null }) {
  const { draft } = useDesigner();
  const writable = useWritable();
  const parameters = useParameters();
  const wanted = parameterType(spec);
  const fitting = [...parameters].filter(([name, parameter]) => name !== bound && (parameter.type === wanted || wanted === "string" || (wanted === "number" && parameter.type === "integer")));
  const label = spec.label || spec.name;
  const fresh = freshName(spec.name, parameters);
  const make = (): void =>
    draft.change(`Make ${fresh} a pipeline parameter`, () => {
      draft.setParameter(fresh, { type: wanted, default: value ?? blankOf(wanted), description: label });
      draft.bindParam(node.id, spec.name, fresh);
    });
  const release = (): void => draft.setParam(node.id, spec.name, (bound && parameters.get(bound)?.default) ?? spec.default ?? null);
  if (!writable) return null;
  return (
    <Menu
      className={bound ? "p-bind is-bound" : "p-bind"}
      label={bound ? `${label} is bound to the pipeline parameter ${bound}` : `Bind ${label} to a pipeline parameter`}
      text={
        <>
          <Icon icon="link" />
          {bound && "pipeline parameter"}
        </>
      }
    >
      {bound && (
        <MenuItem icon="unlink" onClick={release}>
          Let go, keep the value
        </MenuItem>
      )}
      {fitting.length > 0 && <div className="menu-head caption">Bind to</div>}
      {fitting.map(([name, parameter]) => (
        <MenuItem key={name} icon="link" onClick={() => draft.bindParam(node.id, spec.name, name)}>
          <span className="mono">{name}</span>
          <span className="muted p-end">= {shown(parameter.default)}</span>
        </MenuItem>
      ))}
      {!bound && (
        <MenuItem icon="plus" onClick={make}>
          New parameter “{fresh}”
        </MenuItem>
      )}
    </Menu>
  );
}

const parameterType = (spec: ParamSpec): ParameterType => (spec.type === "integer" || spec.type === "number" || spec.type === "boolean" ? spec.type : "string");

const blankOf = (type: ParameterType): Json => (type === "string" ? "" : type === "boolean" ? false : 0);

export function freshName(stem: string, taken: { has: (name: string) => boolean }): string {
  if (!taken.has(stem)) return stem;
  for (let number = 2; ; number += 1) if (!taken.has(`${stem}_${number}`)) return `${stem}_${number}`;
}
