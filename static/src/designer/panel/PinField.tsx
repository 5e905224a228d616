/** Which run's output stands for a step, if it is pinned. */
import type { GraphNode } from "../../graph/types.ts";
import { ago } from "../../ui/format.ts";
import { useAsked } from "../data/asking.ts";
import { Icon } from "../data/parts.tsx";
import { useDesigner, useRun, useWritable } from "../store/index.ts";

interface Offer {
  run: string;
  called: string;
  created: string;
}

export function PinField({ node }: { node: GraphNode }) {
  const { api, draft } = useDesigner();
  const writable = useWritable();
  const head = useRun();
  const { answer } = useAsked(head && `pins ${node.id} ${head.guid} ${head.status}`, (signal) => api.get<{ runs: Offer[] }>(`/pins?node=${encodeURIComponent(node.id)}`, signal));
  const offers = answer?.runs ?? [];
  const held = node.pinned?.run ?? "";
  const isKnown = !held || offers.some((offer) => offer.run === held);
  if (!head && !held) return null;
  return (
    <div className="p-field">
      <div className="p-label">
        <label htmlFor="p-pin">Output</label>
      </div>
      <div className="p-select-icon">
        <Icon icon={held ? "pinned" : "player-play"} />
        <select id="p-pin" className="form-select" disabled={!writable || node.disabled} value={held} aria-describedby="p-pin-help" onChange={(event) => draft.setPinned(new Map([[node.id, event.target.value || null]]))}>
          <option value="">Computed in each run</option>
          {!isKnown && <option value={held}>{answer ? "Pinned to a run that is gone" : "Pinned"}</option>}
          {offers.map((offer) => (
            <option key={offer.run} value={offer.run}>
              {`Pinned to ${offer.called} · ${ago(new Date(offer.created))}`}
            </option>
          ))}
        </select>
      </div>
      <div className="p-help" id="p-pin-help">{held ? "Used as it is: neither this step nor what only it needs runs" : "Pin it to a run to work on what comes below"}</div>
    </div>
  );
}
