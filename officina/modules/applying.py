"""Palette category Model Scoring & Evaluation: Apply Transformation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Port, module
from officina.columns import column
from officina.lazy import lazy
from officina.modules.errors import INVALID_DATA, WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from officina.columns import Schemas
    from officina.modules.context import Context
else:
    pd = lazy("pandas")


def _schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """A selection of columns is known by its names; their types are those of the table."""
    chosen, table = inputs.get("transform"), inputs.get("dataset")
    if chosen is None or table is None:
        return {"transformed": chosen}
    found = [(one, column(table, one.name)) for one in chosen]
    return {
        "transformed": tuple(
            held or one for one, held in found if held is not None or one.role != "label"
        )
    }


@module(
    name="apply_transformation",
    title="Apply Transformation",
    category="Model Scoring & Evaluation",
    inputs=[
        Port("transform", "transform", label="Transformation"),
        Port("dataset", "dataset", label="Dataset"),
    ],
    outputs=[Port("transformed", "dataset", label="Transformed dataset")],
    doc="Do to a table what another step did to its own: clean, normalize, bin, make indicators "
    "or select columns, with what was learned there. The columns of the transformation must be "
    "there under the same names; only its label may be absent, as in data to be scored.",
    schema=_schema,
)
def apply_transformation(ctx: Context) -> None:
    """Apply a kept transformation to the table."""
    table = ctx.table("dataset")
    transform, meta = ctx.load("transform", "transform")
    if not hasattr(transform, "transform"):
        raise module_error(
            WRONG_LEARNER,
            f"The transformation of {meta.get('module')} is not for tables.",
            where="transform",
            hint="Apply it with the module of its own kind.",
        )
    absent = [name for name in meta.get("labels") or () if name not in table.frame.columns]
    if absent and hasattr(transform, "without"):
        transform = transform.without(absent)
    try:
        frame = transform.transform(table.frame)
    except (ValueError, TypeError, KeyError) as error:
        raise module_error(
            INVALID_DATA,
            f"The transformation of {meta.get('module')} does not fit the table: {error}",
            where="dataset",
            hint="The columns must be of the same types as where it was made.",
        ) from error
    result = table.with_frame(frame if isinstance(frame, pd.DataFrame) else pd.DataFrame(frame))
    # A transformation says with `roles` what is to be known about the columns that it makes.
    for name, role in getattr(transform, "roles", {}).items():
        result.roles.setdefault(name, {}).update(role)
    ctx.save_table("transformed", result)
