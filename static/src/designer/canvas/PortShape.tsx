import { kindOf } from "../../graph/ports.ts";

/** A port's sign: shape and colour both tell its type. */
export function PortShape({ type }: { type: string }) {
  const kind = kindOf(type);
  return (
    <svg className={`d-port d-port-${kind}`} viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true" focusable="false">
      {kind === "learner" || kind === "model" ? <path d="M0-5.5 5.5 0 0 5.5-5.5 0Z" /> : kind === "transform" || kind === "metrics" ? <rect x="-4" y="-4" width="8" height="8" rx="1" /> : <circle r="4.5" />}
    </svg>
  );
}
