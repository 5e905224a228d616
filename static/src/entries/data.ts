import { datagrid } from "../widgets/datagrid.ts";
import { widget } from "../widgets/mount.ts";

widget("datagrid", datagrid);
