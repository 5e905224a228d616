/** Takes out of Tabler's striped tables the look at inline backgrounds, which this product does not have. */
import type { Plugin } from "vite";

/**
 * A selector on the style attribute makes the browser compute the styles of everything within an element
 * whose style changes. The canvas is moved by its style in each frame: this cost 40 ms a frame.
 */
export function lightStyles(): Plugin {
  return {
    name: "officina-light-styles",
    apply: "build",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset" || !file.fileName.endsWith(".css")) continue;
        file.source = String(file.source).replaceAll(",[style*=background]", "");
        if (file.source.includes("[style")) this.warn(`${file.fileName} has a selector on the style attribute; the canvas pays for it in each frame.`);
      }
    },
  };
}
