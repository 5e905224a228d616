/** "Validate": ask the server, say what it found, and list it. */
import { announce } from "../../ui/dom.ts";
import { toast } from "../../ui/toast.ts";
import type { Designer } from "../store/designer.ts";

const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

export async function validateDraft(designer: Designer): Promise<void> {
  try {
    const problems = await designer.validate();
    const errors = problems.filter((problem) => problem.severity === "error").length;
    if (problems.length) designer.ui.openDock("problems");
    const text = problems.length ? `${many(errors, "error")}, ${many(problems.length - errors, "warning")}.` : "The pipeline is valid: nothing stands in the way of a run.";
    toast(text, errors ? "warning" : "success");
    announce(text);
  } catch (error) {
    toast(error instanceof Error ? error.message : "The check did not answer.", "error");
  }
}
