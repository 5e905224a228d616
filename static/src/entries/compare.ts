import { chart } from "../widgets/chart.ts";
import { datagrid } from "../widgets/datagrid.ts";
import { widget } from "../widgets/mount.ts";
import { parallel } from "../widgets/parallel.ts";

widget("chart", chart);
widget("datagrid", datagrid);
widget("parallel", parallel);
