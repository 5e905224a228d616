import { chart } from "../widgets/chart.ts";
import { datagrid } from "../widgets/datagrid.ts";
import { logview } from "../widgets/logview.ts";
import { widget } from "../widgets/mount.ts";
import { rungraph } from "../widgets/rungraph.ts";
import { timeline } from "../widgets/timeline.ts";

widget("logview", logview);
widget("chart", chart);
widget("timeline", timeline);
widget("rungraph", rungraph);
widget("datagrid", datagrid);
