import { ViewportPortal } from "@xyflow/react";
import { usePeers } from "../store/hooks.ts";

/** Where the others point, in canvas coordinates. */
export function Cursors() {
  const peers = usePeers().filter((peer) => peer.cursor);
  if (!peers.length) return null;
  return (
    <ViewportPortal>
      {peers.map(({ client, user, cursor }) => (
        <span key={client} className="d-cursor" aria-hidden="true" style={{ transform: `translate(${cursor!.x}px, ${cursor!.y}px)`, "--peer": user.color } as React.CSSProperties}>
          <svg viewBox="0 0 14 16" width="14" height="16">
            <path d="M1 1 13 6.5 7.5 8.5 5 15Z" />
          </svg>
          <small>{user.name}</small>
        </span>
      ))}
    </ViewportPortal>
  );
}
