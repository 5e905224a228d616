"""Palette category Web Service: the borders of a pipeline that answers requests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.columns import same
from officina.modules.errors import EMPTY_INPUT, module_error

if TYPE_CHECKING:
    from officina.modules.context import Context

CATEGORY = "Web Service"


@module(
    name="web_service_input",
    title="Web Service Input",
    category=CATEGORY,
    inputs=[Port("sample", "dataset", label="Sample of the data", optional=True)],
    outputs=[Port("data", "dataset", label="Data")],
    params=[Param("name", "string", "Name", "WebServiceInput")],
    summary="{name}",
    doc="Where the rows of a request enter. In a run of the pipeline itself the sample stands in "
    "for them; its columns are those that a request has to bring.",
    schema=same("sample", "data"),
)
def web_service_input(ctx: Context) -> None:
    """Pass the sample on in place of a request."""
    if not ctx.has("sample"):
        raise module_error(
            EMPTY_INPUT,
            f"Nothing stands in for the requests at {ctx.params['name']}.",
            where="sample",
            hint="Wire a table with the columns of a request to it, to run the pipeline itself.",
        )
    ctx.save_table("data", ctx.table("sample"))


@module(
    name="web_service_output",
    title="Web Service Output",
    category=CATEGORY,
    inputs=[Port("data", "dataset", label="Data")],
    params=[Param("name", "string", "Name", "WebServiceOutput")],
    summary="{name}",
    doc="Which table is the answer to a request.",
)
def web_service_output(ctx: Context) -> None:
    """Read the answer, so that a run shows its size and columns."""
    frame = ctx.table("data").frame
    listed = ", ".join(str(name) for name in frame.columns[:20])
    sys.stdout.write(f"{ctx.params['name']}: {len(frame)} rows with {listed}\n")
