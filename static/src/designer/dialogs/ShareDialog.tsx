/** Who can open this draft, and the link that shows what you see. */
import { copyText } from "../../ui/shell.ts";
import { useMembers } from "../data/members.ts";
import { Icon, Modal, Skeleton } from "../data/parts.tsx";
import { useDesigner } from "../store/index.ts";

export function ShareDialog({ onClose }: { onClose: () => void }) {
  const { config } = useDesigner();
  const members = useMembers();
  return (
    <Modal
      title="Share"
      onClose={onClose}
      foot={
        <>
          <a className="btn p-start" href={`/w/${encodeURIComponent(config.workspace)}/members/`}>
            <Icon icon="user-plus" />
            Invite someone
          </a>
          <button type="button" className="btn btn-primary" onClick={() => void copyText(location.href)}>
            <Icon icon="link" />
            Copy the link
          </button>
        </>
      }
    >
      <p className="secondary">Every member of {config.workspace} can open this draft; who may edit works on it at the same time as you. The link keeps the step, tab and run that you see.</p>
      <input className="form-control" readOnly aria-label="Link" value={location.href} onFocus={(event) => event.currentTarget.select()} />
      <h3 className="n-head">Members</h3>
      {!members.length && <Skeleton lines={2} />}
      <ul className="rows rows-lined">
        {members.map((member) => (
          <li key={member.email}>
            <span className="truncate">{member.name}</span>
            <span className="secondary truncate">{member.email}</span>
            <span className="end">{member.roles}</span>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
