"""Palette category Assets: registered data, models and transformations as steps of a pipeline.

The parameter `asset` becomes an input of the step, so that a run resolves `azureml:name:version`
to the stored folder, keeps it in its lineage, and reuses the result for equal bytes.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.lazy import lazy
from officina.modules.errors import EMPTY_INPUT, INVALID_DATA, WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from officina.modules import tabular
    from officina.modules.context import Context
else:
    tabular = lazy("officina.modules.tabular")

CATEGORY = "Assets"
META, MODEL = "meta.json", "model.pkl"
HELP = "As azureml:name:version, or azureml:name@latest for the newest."


@module(
    name="data_asset",
    title="Data asset",
    category=CATEGORY,
    outputs=[Port("data", "dataset", label="Dataset")],
    params=[
        Param("asset", "asset", "Data asset", help=HELP, asset="uri_folder"),
        Param(
            "path",
            "string",
            "Path",
            "**",
            help="A file or pattern inside it; folder/** joins all files below a folder.",
        ),
        Param(
            "file_format",
            "enum",
            "File format",
            "auto",
            enum=("auto", "csv", "tsv", "parquet", "json_lines"),
            help="auto goes by each file's name.",
        ),
        Param(
            "delimiter",
            "enum",
            "Delimiter",
            "auto",
            enum=("auto", "comma", "tab", "semicolon", "pipe", "space"),
            visible_when={"file_format": ["auto", "csv"]},
        ),
        Param("has_header", "boolean", "Has header", True),
        Param("encoding", "string", "Encoding", "auto", help="auto, utf-8, latin-1, utf-16, …"),
    ],
    summary="{asset}",
    doc="A registered table: CSV, TSV, Parquet or JSON lines, an MLTable, or a folder of files "
    "with the same columns, which are joined. A dataset that a module saved keeps its column "
    "roles.",
)
def data_asset(ctx: Context) -> None:
    """Read the registered data as one table."""
    params = ctx.params
    wanted = tabular.Wanted(
        pattern=params["path"],
        kind=params["file_format"],
        delimiter=params["delimiter"],
        header=params["has_header"],
        encoding=params["encoding"],
    )
    ctx.save_table("data", tabular.read_asset(Path(ctx.inputs["asset"]), wanted, warn=ctx.warn))


@module(
    name="saved_model",
    title="Saved model",
    category=CATEGORY,
    outputs=[Port("model", "trained_model", label="Trained model")],
    params=[Param("asset", "asset", "Model", help=HELP, asset="custom_model")],
    summary="{asset}",
    doc="A registered model that Train Model made, ready for Score Model and Evaluate Model.",
)
def saved_model(ctx: Context) -> None:
    """Hand the registered model on."""
    _pass_on(ctx, "model", "trained", "a trained model of the designer")


@module(
    name="saved_transform",
    title="Saved transform",
    category=CATEGORY,
    outputs=[Port("transform", "transform", label="Transformation")],
    params=[Param("asset", "asset", "Transformation", help=HELP, asset="custom_model")],
    summary="{asset}",
    doc="A registered transformation, such as what Clean Missing Data or Normalize Data learned, "
    "ready for Apply Transformation.",
)
def saved_transform(ctx: Context) -> None:
    """Hand the registered transformation on."""
    _pass_on(ctx, "transform", "transform", "a transformation of the designer")


def _pass_on(ctx: Context, port: str, kind: str, what: str) -> None:
    """Copy the folder that holds the asset; it is not unpickled here."""
    root = Path(ctx.inputs["asset"])
    folder = _folder_of(root)
    meta = json.loads((folder / META).read_text(encoding="utf-8")) if folder else {}
    if folder is None or meta.get("kind") != kind:
        is_mlflow = any(root.rglob("MLmodel")) if root.is_dir() else False
        held = "an MLflow model" if is_mlflow else f"{meta.get('kind') or 'something else'}"
        raise module_error(
            WRONG_LEARNER if folder else INVALID_DATA,
            f"The asset is not {what}; it is {held}.",
            where="asset",
            hint="Register the output of a designer step, and choose that.",
        )
    for item in sorted(folder.iterdir()):
        if item.is_file():
            shutil.copyfile(item, ctx.outputs[port] / item.name)


def _folder_of(root: Path) -> Path | None:
    """Return where model and description lie: the root or the one folder below that has them."""
    if not root.exists():
        raise module_error(
            EMPTY_INPUT, "The asset is empty.", where="asset", hint="Choose another version."
        )
    found = [meta.parent for meta in root.rglob(META) if (meta.parent / MODEL).is_file()]
    if root in found:
        return root
    return found[0] if len(found) == 1 else None
