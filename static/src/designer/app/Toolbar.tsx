/** The line above the canvas: edit, arrange, versions; run state, problems, validate, submit. */
import { duration, grouped } from "../../ui/format.ts";
import { ended, lookOf } from "../../ui/status.ts";
import { leftText, StatusIcon, useElapsed } from "../canvas/Status.tsx";
import { commandOf, isEnabled, keysFor } from "../commands/commands.ts";
import { useActions } from "../commands/context.ts";
import { ariaKeys, shown } from "../commands/keymap.ts";
import { useConnection, useDesigner, useHistory, useNodes, useProblems, useRun, useRunNodes, useSelectedEdges, useSelection, useUi, useWritable } from "../store/hooks.ts";
import { Icon } from "./Icon.tsx";
import { CommandMenu } from "./Menu.tsx";

const RUN_MENU = ["run-to", "run-from", "run-selected", "retry", "|", "publish", "inference", "|", "settings", "runs"];
const MORE_MENU = ["find", "outline", "shortcuts", "|", "note", "frame", "group", "|", "export", "import", "history", "|", "toggle-palette", "toggle-panel", "toggle-dock"];
const ARRANGE_MENU = ["arrange", "tidy", "|", "align-left", "align-center", "align-right", "align-top", "align-middle", "align-bottom", "|", "distribute-x", "distribute-y"];

export function Toolbar() {
  useSelection(); // enabled buttons depend on it
  useSelectedEdges();
  useConnection();
  const writable = useWritable();
  const history = useHistory();
  return (
    <div className="d-toolbar" role="toolbar" aria-label="Pipeline">
      {writable ? (
        <>
          <Tool id="undo" label={history.undo ? `Undo: ${history.undo}` : "Nothing to undo"} off={!history.undo} />
          <Tool id="redo" label={history.redo ? `Redo: ${history.redo}` : "Nothing to redo"} off={!history.redo} />
          <i className="d-sep" />
          <Tool id="copy" />
          <Tool id="delete" />
          <Tool id="duplicate" />
          <Tool id="comment" />
          <i className="d-sep" />
          <span className="d-split">
            <Tool id="arrange" text />
            <CommandMenu label="Arrange, align and distribute" className="btn btn-icon d-caret" items={ARRANGE_MENU}>
              <Icon icon="chevron-down" className="icon-sm" />
            </CommandMenu>
          </span>
        </>
      ) : (
        <span className="pill d-readonly">
          <Icon icon="lock" />
          Read only
        </span>
      )}
      <Tool id="versions" text />
      <CommandMenu label="More" className="btn btn-icon" items={MORE_MENU}>
        <Icon icon="dots" />
      </CommandMenu>
      <span className="d-spring" />
      <RunPill />
      <ProblemsButton />
      <SubmitButton />
    </div>
  );
}

function Tool({ id, text = false, label, off = false }: { id: string; text?: boolean; label?: string; off?: boolean }) {
  const actions = useActions();
  const command = commandOf(id);
  const keys = keysFor(command);
  const name = label ?? command.label;
  return (
    <button
      type="button"
      className={`btn d-tool ${text ? "btn-ghost d-worded" : "btn-icon"}`}
      aria-label={name}
      aria-keyshortcuts={keys ? ariaKeys(keys.split(" ")[0]!) : undefined}
      title={keys ? `${name} (${shown(keys)})` : name}
      disabled={off || !isEnabled(command, actions)}
      onClick={() => command.run(actions)}
    >
      <Icon icon={command.icon ?? "dots"} />
      {text && <span>{command.label}</span>}
    </button>
  );
}

/** "Run 128 · 7 of 11 done · 2:14", and whether the canvas shows the run or the bare draft. */
function RunPill() {
  const run = useRun();
  const nodes = useRunNodes();
  const overlay = useUi("overlay");
  const actions = useActions();
  const { ui } = useDesigner();
  const running = run !== null && !ended(run.status);
  const elapsed = useElapsed(run?.seconds, run?.at, running);
  if (!run) return null;
  const left = running && typeof run.left === "number" ? run.left - (Date.now() - (run.leftAt ?? Date.now())) / 1000 : null;
  // Steps of this run only: a part run also shows what it took from others.
  const states = [...nodes.values()].filter((state) => state.parent === run.guid && !state.steps);
  const done = states.filter((state) => ended(state.status)).length;
  const total = Math.max(run.steps ?? states.length, done);
  const { kind, word } = lookOf(run.status, Boolean(run.reused));
  const name = run.number ? `Run ${grouped(run.number)}` : "Last run";
  return (
    <>
      <span className="btn-group-tight d-overlay" role="group" aria-label="Shown on the canvas">
        <button type="button" className="btn btn-sm" aria-pressed={overlay === "draft"} onClick={() => ui.set({ overlay: "draft" })}>
          Draft
        </button>
        <button type="button" className={`btn btn-sm d-run-pill is-${kind}`} aria-pressed={overlay === "run"} title={`${name}: ${word}`} onClick={() => ui.set({ overlay: "run" })}>
          <StatusIcon status={run.status} reused={Boolean(run.reused)} />
          <span className="d-run-name">{name}</span>
          <span className="d-run-more">
            {running ? ` · ${done} of ${total} done` : ` · ${word.toLowerCase()}`}
            {elapsed !== null && ` · ${duration(elapsed)}`}
            {left !== null && ` · ${leftText(left)}`}
          </span>
        </button>
      </span>
      {running && (
        <button type="button" className="btn btn-danger d-cancel" disabled={run.status === "CancelRequested"} onClick={() => void actions.cancelRun()}>
          <Icon icon="player-stop-filled" />
          <span>Cancel</span>
        </button>
      )}
      <i className="d-sep" />
    </>
  );
}

function ProblemsButton() {
  const problems = useProblems();
  const { ui } = useDesigner();
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.filter((problem) => problem.severity === "warning").length;
  if (!errors && !warnings) return null;
  const text = errors ? `${errors} ${errors === 1 ? "error" : "errors"}` : `${warnings} ${warnings === 1 ? "warning" : "warnings"}`;
  return (
    <button type="button" className={`btn btn-ghost d-problems ${errors ? "is-error" : "is-warning"}`} title={errors && warnings ? `${text}, ${warnings} warnings` : text} onClick={() => ui.openDock("problems")}>
      <Icon icon={errors ? "alert-circle" : "alert-triangle"} />
      <span>{text}</span>
    </button>
  );
}

function SubmitButton() {
  const actions = useActions();
  const { config } = useDesigner();
  const empty = useNodes().size === 0;
  const blockers = useProblems().filter((problem) => problem.severity === "error").length;
  const why = !config.canSubmit ? "Your role may not submit runs. Ask an owner of the workspace." : empty ? "Add a module first." : blockers ? `${blockers} ${blockers === 1 ? "error stands" : "errors stand"} in the way; the plan lists what blocks it.` : "";
  return (
    <>
      <button type="button" className="btn d-validate" onClick={() => void actions.validate()}>
        <Icon icon="checks" />
        <span>Validate</span>
      </button>
      <span className="btn-group-tight d-submit">
        <button type="button" className="btn btn-primary" disabled={!config.canSubmit || empty} title={why || "Submit (Ctrl Enter)"} aria-keyshortcuts="Control+Enter" onClick={() => actions.plan("all")}>
          <Icon icon="player-play-filled" />
          Submit
        </button>
        <CommandMenu label="More ways to run" className="btn btn-primary d-caret" items={RUN_MENU} align="end">
          <Icon icon="chevron-down" className="icon-sm" />
        </CommandMenu>
      </span>
    </>
  );
}
