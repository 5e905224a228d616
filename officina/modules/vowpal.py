"""Palette category Text Analytics: Train and Score Vowpal Wabbit Model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.lazy import lazy

if TYPE_CHECKING:
    from officina.modules import wabbit
    from officina.modules.context import Context
else:
    wabbit = lazy("officina.modules.wabbit")

CATEGORY = "Text Analytics"
REQUIRES = ["vowpalwabbit"]
EXTRA = "Install: pip install vowpalwabbit (make run OFFICINA_EXTRAS=1 does so)"
FILE = (
    Param(
        "file_name",
        "string",
        "Name of the data file",
        optional=True,
        help="Needed when there are several files.",
    ),
    Param("file_type", "enum", "File type", "vw", enum=("vw", "svmlight")),
)


@module(
    name="train_vowpal_wabbit_model",
    title="Train Vowpal Wabbit Model",
    category=CATEGORY,
    inputs=[
        Port("pretrained", "trained_model", label="Pre-trained model", optional=True),
        Port("data", "any", label="Training data"),
    ],
    outputs=[Port("trained_model", "trained_model", label="Trained model")],
    params=[
        Param(
            "arguments",
            "string",
            "VW arguments",
            optional=True,
            help="For example --loss_function logistic --passes 5 --bit_precision 20",
        ),
        *FILE,
        Param("readable", "boolean", "Output readable model file", False),
        Param("inverted_hash", "boolean", "Output inverted hash file", False),
    ],
    summary="{arguments}",
    doc="Train with Vowpal Wabbit, told by its own command line, on a file in its format or in "
    "SVMLight's; a table with one column of such lines will do too. A pre-trained model learns "
    "on. Arguments that name files or open ports are refused: the module sets them.",
    requires=REQUIRES,
    extra=EXTRA,
)
def train_vowpal_wabbit_model(ctx: Context) -> None:
    """Run Vowpal Wabbit over the data and keep its model."""
    wabbit.train(ctx)


@module(
    name="score_vowpal_wabbit_model",
    title="Score Vowpal Wabbit Model",
    category=CATEGORY,
    inputs=[
        Port("trained_model", "trained_model", label="Trained model"),
        Port("data", "any", label="Test data"),
    ],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param("arguments", "string", "VW arguments", optional=True),
        *FILE,
        Param("labels", "boolean", "Include an extra column containing labels", True),
        Param(
            "probabilities",
            "boolean",
            "Include an extra column containing probabilities",
            False,
            help="The logistic function of the prediction, for models of two classes.",
        ),
    ],
    summary="{arguments}",
    doc="Predict each line of a file with a Vowpal Wabbit model: Results is the prediction. With "
    "logistic or hinge loss Scored Labels are -1 and 1, and Evaluate Model can compare them with "
    "Labels; with squared loss it measures Results as a regression.",
    requires=REQUIRES,
    extra=EXTRA,
)
def score_vowpal_wabbit_model(ctx: Context) -> None:
    """Predict each line."""
    wabbit.score(ctx)
