"""Palette category Anomaly Detection: the learner, and its training without a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import models
from officina.lazy import lazy
from officina.modules.errors import WRONG_LEARNER, module_error
from officina.modules.parameters import learner, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officina.modules import estimators, fitting
    from officina.modules.context import Context
else:
    estimators = lazy("officina.modules.estimators")
    fitting = lazy("officina.modules.fitting")

CATEGORY = "Anomaly Detection"


@learner(
    name="pca_based_anomaly_detection",
    title="PCA-Based Anomaly Detection",
    category=CATEGORY,
    task="anomaly",
    params=[
        whole("components", "Number of components to use in PCA", 2, "2; 4; 6; 8; 10", 1, 10_000),
        whole("oversampling", "Oversampling parameter for randomized PCA", 2, "2; 4; 6", 0, 10_000),
        Param("normalize", "boolean", "Enable input feature mean normalization", True),
    ],
    summary="{components} components",
    doc="Learn the plane in which ordinary rows lie (randomized principal components) and call "
    "rows odd that lie far off it. Their score is d / (d + d95), where d is the squared distance "
    "from the plane and d95 the one that 5 % of the training rows exceed: a row is an anomaly "
    "above 0.5. Bring columns of different units to one scale with Normalize Data before.",
)
def pca_based_anomaly_detection(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained anomaly detector."""
    return estimators.PcaAnomaly(
        n_components=p["components"],
        n_oversamples=p["oversampling"],
        normalize=p["normalize"],
        random_state=seed,
    )


@module(
    name="train_anomaly_detection_model",
    title="Train Anomaly Detection Model",
    category="Model Training",
    inputs=[
        Port("untrained_model", "untrained_model", label="Untrained model"),
        Port("dataset", "dataset", label="Dataset"),
    ],
    outputs=[Port("trained_model", "trained_model", label="Trained model")],
    summary="",
    doc="Fit an anomaly detector to a table. All columns marked as features are used: mark a "
    "column that tells normal from odd as label with Edit Metadata, so that it is left out here "
    "and Evaluate Model can compare with it.",
    schema=models.training("trained_model", labelled=False),
)
def train_anomaly_detection_model(ctx: Context) -> None:
    """Fit the detector to the table's features."""
    estimator, learned = ctx.load("untrained_model", "untrained")
    if learned["task"] != "anomaly":
        raise module_error(
            WRONG_LEARNER,
            f"{learned['title']} is no anomaly detector.",
            where="untrained_model",
            hint="Wire PCA-Based Anomaly Detection to it, or use Train Model.",
        )
    table = ctx.table("dataset", allow_empty=False)
    trained = fitting.fit(ctx, estimator, learned, table, label=None)
    ctx.save("trained_model", trained.model, trained.meta)
