/** The form of a step, drawn from what its module declares. */
import { useEffect, useRef } from "react";
import type { Component, GraphNode, ParamSpec, Problem } from "../../graph/types.ts";
import { Note } from "../data/parts.tsx";
import { useDesigner, useNodeProblems, useUi } from "../store/index.ts";
import { Field } from "./Field.tsx";
import { RunSettings } from "./RunSettings.tsx";
import { useEditors } from "./editors.ts";
import { isVisible } from "./values.ts";

export function ParametersTab({ node, component }: { node: GraphNode; component: Component }) {
  const problems = useNodeProblems(node.id);
  const editors = useEditors(node.id);
  const form = useFocusedField();
  const shown = component.params.filter((spec) => isVisible(spec, component.params, node.params));
  const names = new Set(component.params.map((spec) => spec.name));
  const others = problems.filter((problem) => !names.has(fieldOf(problem) ?? ""));
  return (
    <>
      <div className="p-form" ref={form}>
        {component.unavailable && <Note kind="warning">{component.unavailable}</Note>}
        {others.map((problem) => (
          <Note key={problem.code + problem.message} kind={problem.severity === "error" ? "error" : "warning"}>
            <p>{problem.message}</p>
            {problem.hint && <p>{problem.hint}</p>}
          </Note>
        ))}
        {shown.map((spec) => (
          <Field key={spec.name} node={node} component={component} spec={spec} problem={problemOf(problems, spec)} editor={editors.get(spec.name)} />
        ))}
        {!component.params.length && <p className="secondary p-none">This module has no parameters. It works on what its inputs bring.</p>}
      </div>
      <RunSettings node={node} />
    </>
  );
}

const fieldOf = (problem: Problem): string | null => problem.param ?? problem.port ?? null;

function problemOf(problems: readonly Problem[], spec: ParamSpec): Problem | undefined {
  return problems.find((problem) => fieldOf(problem) === spec.name);
}

/** After a click on a problem the field that it names takes the focus. */
function useFocusedField(): React.RefObject<HTMLDivElement | null> {
  const form = useRef<HTMLDivElement>(null);
  const wanted = useUi("focusParam");
  const { ui } = useDesigner();
  useEffect(() => {
    if (!wanted) return;
    const field = form.current?.querySelector<HTMLElement>(`[data-param="${CSS.escape(wanted)}"]`);
    const target = field?.querySelector<HTMLElement>("input, select, textarea, [contenteditable=true], button");
    field?.scrollIntoView({ block: "center" });
    target?.focus({ preventScroll: true });
    ui.set({ focusParam: null });
  }, [wanted, ui]);
  return form;
}
