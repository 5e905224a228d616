/** The names of the computes that runs can be sent to. */
import { useAsked } from "./asking.ts";
import { listOf, type Listed } from "./answers.ts";
import { useDesigner } from "../store/index.ts";

const NONE: string[] = [];

export function useComputes(): string[] {
  const { api } = useDesigner();
  const { answer } = useAsked("computes", (signal) => api.get<Listed<{ name: string }>>("computes", signal));
  return answer ? listOf(answer).map((compute) => compute.name) : NONE;
}
