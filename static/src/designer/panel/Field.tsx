/** One parameter: its name, its control by type, its binding, its help and what is wrong with it. */
import { useId, type ReactNode } from "react";
import type { Component, GraphNode, Json, ParamSpec, Problem } from "../../graph/types.ts";
import { Icon } from "../data/parts.tsx";
import { boundTo, useDesigner, useParameters, useWritable } from "../store/index.ts";
import { AssetField } from "./AssetField.tsx";
import { BindMenu } from "./BindMenu.tsx";
import { CodeField } from "./CodeField.tsx";
import { ColumnsField } from "./ColumnsField.tsx";
import { EnumField, NumberField, SwitchField, TextField, type ControlProps } from "./controls.tsx";
import { useTellEditing, type Editor } from "./editors.ts";
import { useHint } from "./hints.ts";
import { effective, fault, isSet, shown } from "./values.ts";

interface FieldProps {
  node: GraphNode;
  component: Component;
  spec: ParamSpec;
  problem: Problem | undefined;
  editor: Editor | undefined;
}

export function Field({ node, component, spec, problem, editor }: FieldProps) {
  const { draft } = useDesigner();
  const writable = useWritable();
  const id = useId();
  const tell = useTellEditing(node.id, spec.name);
  const value = effective(spec, node.params);
  const bound = boundTo(value);
  const parameters = useParameters();
  const isChanged = isSet(spec, node.params);
  const wrong = bound ? null : (fault(spec, value) ?? null);
  const error = problem ? [problem.message, problem.hint].filter(Boolean).join(" ") : isChanged || wrong?.includes("empty") ? wrong : null;
  const hint = useHint(node, component, spec, bound ? (parameters.get(bound)?.default ?? null) : value);
  const props: ControlProps = {
    id,
    spec,
    value,
    disabled: !writable,
    invalid: Boolean(error),
    describedBy: `${id}-help`,
    onChange: (next: Json) => draft.setParam(node.id, spec.name, next),
  };
  const tools = (
    <span className="p-field-tools">
      {isChanged && !bound && writable && (
        <button type="button" className="p-link" title={`Back to the default: ${shown(spec.default)}`} aria-label={`Reset ${spec.label || spec.name} to its default, ${shown(spec.default)}`} onClick={() => draft.resetParam(node.id, spec.name)}>
          <Icon icon="arrow-back-up" />
        </button>
      )}
      {!["columns", "code", "asset"].includes(spec.type) && <BindMenu node={node} spec={spec} value={value} bound={bound} />}
    </span>
  );
  const isSwitch = spec.type === "boolean" && !bound;
  const required = !spec.optional && (spec.default === null || spec.default === undefined);
  return (
    <div className={`p-field ${isSwitch ? "is-switch" : ""} ${isChanged ? "is-changed" : ""} ${editor ? "is-shared" : ""}`} data-param={spec.name} {...tell}>
      <div className="p-label">
        {spec.type === "columns" || spec.type === "code" ? <span id={`${id}-label`}>{spec.label || spec.name}</span> : <label htmlFor={id}>{spec.label || spec.name}</label>}
        {required && <span className="required" title="Needed" aria-label="needed">*</span>}
        {isChanged && !bound && <span className="p-changed" title={`Changed; the default is ${shown(spec.default)}`} aria-label="changed" role="img" />}
        {editor && <span className="p-editor">{editor.name} is editing</span>}
        {tools}
        {isSwitch && <SwitchField {...props} />}
      </div>
      {bound ? <Bound id={id} name={bound} /> : !isSwitch && <Control node={node} component={component} {...props} />}
      <div className="p-help" id={`${id}-help`}>
        {error ? <span className="p-error">{error}</span> : (hint ?? spec.help) ? <span>{hint ?? spec.help}</span> : null}
      </div>
    </div>
  );
}

function Control({ node, component, ...props }: ControlProps & { node: GraphNode; component: Component }): ReactNode {
  switch (props.spec.type) {
    case "enum":
      return <EnumField {...props} />;
    case "integer":
    case "number":
      return <NumberField {...props} />;
    case "columns":
      return <ColumnsField node={node} component={component} {...props} />;
    case "asset":
      return <AssetField component={component.name} {...props} />;
    case "code":
      return <CodeField node={node} component={component} {...props} />;
    default:
      return props.spec.enum?.length ? <EnumField {...props} /> : <TextField {...props} />;
  }
}

/** A parameter that takes its value from the pipeline, with the value that it has there now. */
function Bound({ id, name }: { id: string; name: string }) {
  const { ui } = useDesigner();
  const parameter = useParameters().get(name);
  return (
    <button type="button" id={id} className={`p-bound ${parameter ? "" : "is-lost"}`} onClick={() => (ui.select([]), ui.set({ focusParam: name }))} title="Open the pipeline's parameters">
      <span className="mono truncate">{name}</span>
      <span className="p-bound-value mono">{parameter ? `= ${shown(parameter.default)}` : "is no parameter of this pipeline"}</span>
    </button>
  );
}
