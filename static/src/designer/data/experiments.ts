/** The names of the workspace's experiments. */
import { listOf, type Listed } from "./answers.ts";
import { useAsked } from "./asking.ts";
import { useDesigner } from "../store/index.ts";

export function useExperiments(): string[] {
  const { api } = useDesigner();
  const { answer } = useAsked("experiments", (signal) => api.get<Listed<{ name: string; archived?: boolean }>>("experiments?page_size=200", signal));
  return answer ? listOf(answer).flatMap((experiment) => (experiment.archived ? [] : [experiment.name])) : [];
}
