import "../styles/base.css";
import htmx from "htmx.org";
import { startLive } from "../live/live.ts";
import { startPageState } from "../ui/pagestate.ts";
import { startPalette } from "../ui/palette.ts";
import { startShell } from "../ui/shell.ts";
import { listenForToasts } from "../ui/toast.ts";
import { startWidgets, widget } from "../widgets/mount.ts";
import { spark } from "../widgets/spark.ts";

// A live fragment is morphed: what a widget drew, and menus that are open, stay as they are.
htmx.config.morphIgnore.push("data-mounted", "open");
htmx.config.morphSkipChildren += ",[data-mounted]";
widget("spark", spark);
startShell();
listenForToasts();
startPalette();
startPageState();
// Page entries come after this module and name their widgets first.
queueMicrotask(() => {
  startWidgets();
  startLive();
});
// Alpine only where a page uses it.
if (document.querySelector("[x-data]")) void import("@alpinejs/csp").then(({ default: Alpine }) => Alpine.start());
