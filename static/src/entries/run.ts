import { logview } from "../widgets/logview.ts";
import { widget } from "../widgets/mount.ts";

widget("logview", logview);
