/** What makes the draft live: the document, the connection to the server, and who else is there. Fetched after the first paint. */
import * as Yjs from "yjs";
import type { Designer } from "./designer.ts";
import { Provider } from "./provider.ts";
import { provideYjs } from "./yjs.ts";

provideYjs(Yjs);

export function goLive(designer: Designer, socket: string): void {
  designer.draft.attach(new Yjs.Doc());
  const provider = new Provider(socket, designer.draft, designer.connection, designer.onFrame);
  designer.presence.join(provider.awareness);
  provider.start();
}
