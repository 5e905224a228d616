/** The discussion of a draft or one of its steps: who said what, whom it names, what is settled. */
import { useEffect, useRef, useState } from "react";
import { authorName, listOf, type Discussion, type Listed } from "../data/answers.ts";
import { useAsked, wordsOf } from "../data/asking.ts";
import { Empty, Icon, Modal, Note, Skeleton, When } from "../data/parts.tsx";
import { useCatalogue, useDesigner, useNodes } from "../store/index.ts";
import { MentionInput } from "./MentionInput.tsx";

export function CommentsDialog({ node: first, onClose }: { node: string | null; onClose: () => void }) {
  const { api, draft, config } = useDesigner();
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const [node, setNode] = useState(first ?? "");
  const [withSettled, setWithSettled] = useState(false);
  const { answer, error, again } = useAsked("comments", (signal) => api.get<Listed<Discussion>>("/comments?page_size=500", signal));
  const all = answer ? listOf(answer) : [];
  const about = first === null ? all : all.filter((comment) => comment.node === first);
  const shown = about.filter((comment) => withSettled || !comment.resolved);
  const settled = about.length - about.filter((comment) => !comment.resolved).length;
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => void end.current?.scrollIntoView({ block: "nearest" }), [shown.length]);
  const title = first ? `Discussion of ${draft.nameOf(first)}` : "Discussion";
  return (
    <Modal title={title} onClose={onClose}>
      {error && <Note kind="error" onAgain={again}>{error}</Note>}
      {!answer && !error && <Skeleton lines={3} />}
      {answer && !shown.length && (
        <Empty icon="messages" title={settled ? "All is settled" : "Nothing has been said yet"}>
          <p>Write @ and a name to tell someone of it.</p>
        </Empty>
      )}
      <ul className="n-comments">
        {shown.map((comment) => {
          const place = nodes.get(comment.node);
          return <OneComment key={comment.id} comment={comment} place={first === null && place ? (catalogue?.titleOf(place) ?? comment.node) : ""} onChanged={again} />;
        })}
      </ul>
      <div ref={end} />
      {settled > 0 && (
        <button type="button" className="p-link" onClick={() => setWithSettled(!withSettled)}>
          {withSettled ? "Hide" : "Show"} {settled} settled
        </button>
      )}
      {config.canWrite && <NewComment node={node} choosing={first === null} onNode={setNode} onSaid={again} />}
    </Modal>
  );
}

function OneComment({ comment, place, onChanged }: { comment: Discussion; place: string; onChanged: () => void }) {
  const { api, ui, config } = useDesigner();
  const [error, setError] = useState<string | null>(null);
  const settle = (): void => {
    api.patch(`/comments/${comment.id}`, { resolved: !comment.resolved }).then(onChanged, (problem: unknown) => setError(wordsOf(problem)));
  };
  return (
    <li className={comment.resolved ? "is-settled" : ""}>
      <div className="n-comment-head">
        <strong>{authorName(comment.author)}</strong>
        <span className="secondary">
          <When at={comment.at} />
        </span>
        {place && (
          <button type="button" className="p-link" onClick={() => (ui.closeDialog(), ui.focusNode(comment.node))}>
            {place}
          </button>
        )}
        {config.canWrite && (
          <button type="button" className="btn btn-sm btn-ghost p-end" onClick={settle}>
            <Icon icon={comment.resolved ? "refresh" : "check"} />
            {comment.resolved ? "Open again" : "Resolve"}
          </button>
        )}
      </div>
      <p className="n-comment-text">{withMentions(comment.text)}</p>
      {comment.resolved && (
        <p className="secondary small">
          Settled by {authorName(comment.resolved_by)} <When at={comment.resolved_at} />
        </p>
      )}
      {error && <p className="p-error">{error}</p>}
    </li>
  );
}

/** Names after @ stand out. */
function withMentions(text: string): React.ReactNode[] {
  return text.split(/((?<![\w.])@(?:"[^"]{1,120}"|[\w.+-]+(?:@[\w.-]+\w)?))/).map((part, at) => (at % 2 ? <strong key={at} className="n-mention">{part}</strong> : part));
}

function NewComment({ node, choosing, onNode, onSaid }: { node: string; choosing: boolean; onNode: (node: string) => void; onSaid: () => void }) {
  const { api } = useDesigner();
  const nodes = useNodes();
  const catalogue = useCatalogue();
  const [text, setText] = useState("");
  const [error, setError] = useState<string | null>(null);
  const say = (): void => {
    if (!text.trim()) return;
    api.post("/comments", { node, text }).then(
      () => {
        setText("");
        setError(null);
        onSaid();
      },
      (problem: unknown) => setError(wordsOf(problem)),
    );
  };
  return (
    <form
      className="n-say"
      onSubmit={(event) => {
        event.preventDefault();
        say();
      }}
    >
      <MentionInput value={text} onChange={setText} onSend={say} />
      <div className="n-say-foot">
        {choosing && (
          <label className="k-inline">
            About
            <select className="form-select w-auto" value={node} onChange={(event) => onNode(event.target.value)}>
              <option value="">the pipeline</option>
              {[...nodes.values()].map((each) => (
                <option key={each.id} value={each.id}>
                  {catalogue?.titleOf(each) ?? each.id}
                </option>
              ))}
            </select>
          </label>
        )}
        <button className="btn btn-primary p-end" disabled={!text.trim()}>
          <Icon icon="send" />
          Say it
        </button>
      </div>
      {error && <p className="p-error">{error}</p>}
    </form>
  );
}
