/** What the island adds to the page's top bar: saved state and who else is here. */
import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { ago } from "../../ui/format.ts";
import { useConnection, useDesigner, usePeers } from "../store/hooks.ts";
import { Icon } from "./Icon.tsx";

/** A place in the page's own frame, made once. */
function usePlace(selector: string, where: "append" | "prepend", className: string): HTMLElement | null {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const host = document.querySelector(selector);
    if (!host) return;
    const made = document.createElement("div");
    made.className = className;
    host[where](made);
    setPlace(made);
    return () => made.remove();
  }, [selector, where, className]);
  return place;
}

export function Topbar() {
  const left = usePlace(".topbar-left", "append", "d-top-left");
  const right = usePlace(".topbar-right", "prepend", "d-top-right");
  return (
    <>
      {left && createPortal(<SavedState />, left)}
      {right && createPortal(<People />, right)}
    </>
  );
}

function SavedState() {
  const { state, unsaved, savedAt, savedBy, revision } = useConnection();
  const { config } = useDesigner();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 5000);
    return () => clearInterval(timer);
  }, []);
  const moment = savedAt ? new Date(savedAt) : null;
  const by = savedBy && savedBy !== config.user.name ? ` by ${savedBy}` : "";
  const text = state === "offline" ? (unsaved ? `Offline, ${unsaved} ${unsaved === 1 ? "change" : "changes"} to save` : "Offline") : state === "connecting" ? "Connecting…" : unsaved ? "Saving…" : moment ? `Saved ${ago(moment)}${by}` : "Saved";
  return (
    <>
      <span className="pill d-draft">Draft{revision ? ` r${revision}` : ""}</span>
      <span className={`d-saved ${state === "offline" ? "is-offline" : ""}`} title={moment ? moment.toLocaleString() : undefined} data-saved={state === "online" && !unsaved ? "yes" : "no"}>
        {text}
      </span>
    </>
  );
}

function People() {
  const peers = usePeers();
  const { config, ui } = useDesigner();
  if (!peers.length) return null;
  return (
    <ul className="d-people" aria-label="Also here">
      {peers.slice(0, 5).map(({ client, user, selection, editing }) => (
        <li key={client}>
          <button type="button" className="avatar" style={{ "--peer": user.color } as React.CSSProperties} title={`${user.name}${editing ? " is editing" : ""}. Show where`} aria-label={`Show where ${user.name} is`} onClick={() => selection[0] && ui.reveal([selection[0]])}>
            {user.initials}
          </button>
        </li>
      ))}
      {peers.length > 5 && <li className="small muted">+{peers.length - 5}</li>}
      <li className="visually-hidden">{config.user.name}</li>
    </ul>
  );
}

export function OfflineBanner() {
  const { state, unsaved, message } = useConnection();
  if (state !== "offline" && state !== "refused") return null;
  const words = state === "refused" ? message : unsaved ? `Connection lost. Your ${unsaved} ${unsaved === 1 ? "change is" : "changes are"} kept here and saved when it is back.` : "Connection lost. You can go on; changes are saved when it is back.";
  return (
    <div className="d-offline" role="status">
      <Icon icon="plug-off" />
      <span>{words}</span>
    </div>
  );
}
