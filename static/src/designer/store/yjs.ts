/** Yjs, which is fetched beside the first paint: the page shows the graph that came with it before the document is live. */
import type * as Yjs from "yjs";

/** Set before the first document is made; nothing reads it earlier. */
export let Y: typeof Yjs;

export function provideYjs(arrived: typeof Yjs): void {
  Y = arrived;
}
