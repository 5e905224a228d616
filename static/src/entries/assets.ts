import "../styles/assets.css";
import { archive } from "../upload/archive.ts";
import { upload } from "../upload/dialog.ts";
import { dropfield } from "../upload/dropfield.ts";
import { chart } from "../widgets/chart.ts";
import { datagrid } from "../widgets/datagrid.ts";
import { widget } from "../widgets/mount.ts";
import { rungraph } from "../widgets/rungraph.ts";

widget("archive", archive);
widget("upload", upload);
widget("dropfield", dropfield);
widget("rungraph", rungraph);
widget("datagrid", datagrid);
widget("chart", chart);
