import "../styles/assets.css";
import "../styles/data.css";
import { prepare } from "../data/prepare.ts";
import { upload } from "../upload/dialog.ts";
import { dropfield } from "../upload/dropfield.ts";
import { datagrid } from "../widgets/datagrid.ts";
import { explore } from "../widgets/explore.ts";
import { widget } from "../widgets/mount.ts";

widget("upload", upload);
widget("dropfield", dropfield);
widget("datagrid", datagrid);
widget("explore", explore);
widget("prepare", prepare);
