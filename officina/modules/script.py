"""Palette category Python Language: Execute Python Script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.columns import unknown
from officina.lazy import lazy

if TYPE_CHECKING:
    from officina.modules import userscript
    from officina.modules.context import Context
else:
    userscript = lazy("officina.modules.userscript")

TEMPLATE = """\
import pandas as pd


# The function gets the tables of the two dataset ports (None where nothing is wired) and
# returns one or two tables. A zip file at the third port lies unpacked in ./Script Bundle.
def azureml_main(dataframe1=None, dataframe2=None):
    print(f"Input: {dataframe1}")

    # from officina.tracking import Run
    # Run.get_context().log_image("my figure", plot=figure)

    return dataframe1,
"""


@module(
    name="execute_python_script",
    title="Execute Python Script",
    category="Python Language",
    inputs=[
        Port("dataset1", "dataset", label="Dataset 1", optional=True),
        Port("dataset2", "dataset", label="Dataset 2", optional=True),
        Port("script_bundle", "any", label="Script bundle", optional=True),
    ],
    outputs=[
        Port("results1", "dataset", label="Result dataset 1"),
        Port("results2", "dataset", label="Result dataset 2"),
    ],
    params=[
        Param(
            "python_script",
            "code",
            "Python script",
            TEMPLATE,
            help="Defines azureml_main(dataframe1, dataframe2), which returns one or two tables.",
        )
    ],
    doc="Run your own Python on up to two tables: azureml_main(dataframe1, dataframe2) gets pandas "
    "data frames and returns one or two. Files of a zip at the bundle port lie in ./Script Bundle "
    "and can be imported. Figures and metrics are logged through "
    "officina.tracking.Run.get_context(). Roles of columns that keep their names are kept.",
    schema=unknown("results1", "results2"),
)
def execute_python_script(ctx: Context) -> None:
    """Run the script on the tables."""
    userscript.execute(ctx)
