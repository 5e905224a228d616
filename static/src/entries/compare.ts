import { chart } from "../widgets/chart.ts";
import { datagrid } from "../widgets/datagrid.ts";
import { widget } from "../widgets/mount.ts";

widget("chart", chart);
widget("datagrid", datagrid);
