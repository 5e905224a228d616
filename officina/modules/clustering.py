"""Palette category Clustering: k-means, and its training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import models
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import EMPTY_INPUT, WRONG_LEARNER, module_error
from officina.modules.parameters import learner, whole
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from sklearn import cluster, neighbors, pipeline, preprocessing

    from officina.modules import estimators, features, fitting, score, scoring
    from officina.modules.context import Context
else:
    cluster = lazy("sklearn.cluster")
    estimators = lazy("officina.modules.estimators")
    features = lazy("officina.modules.features")
    fitting = lazy("officina.modules.fitting")
    neighbors = lazy("sklearn.neighbors")
    np = lazy("numpy")
    pipeline = lazy("sklearn.pipeline")
    preprocessing = lazy("sklearn.preprocessing")
    score = lazy("officina.modules.score")
    scoring = lazy("officina.modules.scoring")

ALL = {"rules": [{"include": True, "by": "all"}]}


@learner(
    name="k_means_clustering",
    title="K-Means Clustering",
    category="Clustering",
    task="clustering",
    params=[
        whole("centroids", "Number of centroids", 2, "2; 3; 5; 8", 1, 10_000),
        Param(
            "initialization",
            "enum",
            "Initialization",
            "k_means_plus_plus",
            enum=("k_means_plus_plus", "first_n", "random"),
            help="How the first centres are chosen: far apart, the first rows, or any rows.",
        ),
        whole("iterations", "Iterations", 100, "10; 100; 300", 1, 1_000_000),
        Param("normalize", "boolean", "Normalize features", True),
        Param(
            "label_mode",
            "enum",
            "Assign label mode",
            "ignore",
            enum=("ignore", "fill_missing", "overwrite"),
            help="What becomes of a label column: left out; used as a feature, missing ones taken "
            "from the nearest row; or replaced by the label nearest to the cluster's centre.",
        ),
    ],
    summary="{centroids} centroids, {initialization}",
    doc="Group rows around centres by Euclidean distance: scikit-learn's KMeans. Normalizing "
    "brings each feature to the span from 0 to 1 first.",
)
def k_means_clustering(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained k-means model."""
    start = {"k_means_plus_plus": "k-means++", "random": "random"}.get(p["initialization"])
    model = cluster.KMeans(
        n_clusters=p["centroids"],
        init=start or estimators.first_rows,
        n_init="auto" if start else 1,
        max_iter=p["iterations"],
        random_state=seed,
    )
    if not p["normalize"]:
        return model
    return pipeline.make_pipeline(preprocessing.MinMaxScaler(), model)


@module(
    name="train_clustering_model",
    title="Train Clustering Model",
    category="Model Training",
    inputs=[
        Port("untrained_model", "untrained_model", label="Untrained model"),
        Port("dataset", "dataset", label="Dataset"),
    ],
    outputs=[
        Port("trained_model", "trained_model", label="Trained model"),
        Port("results", "dataset", label="Results dataset"),
    ],
    params=[
        Param("columns", "columns", "Column set", ALL),
        Param("append", "boolean", "Append", True, help="Off: only the columns of the result."),
    ],
    summary="{columns}",
    doc="Fit a clustering learner to the chosen columns, and tell each row's cluster: adds "
    "Assignments and DistancesToClusterCenter no.0, no.1 and so on.",
    schema=models.clustered,
)
def train_clustering_model(ctx: Context) -> None:
    """Fit the clusters and assign the rows to them."""
    table = ctx.table("dataset", allow_empty=False)
    estimator, learned = ctx.load("untrained_model", "untrained")
    if learned["task"] != "clustering":
        raise module_error(
            WRONG_LEARNER,
            f"{learned['title']} is no clustering learner.",
            where="untrained_model",
            hint="Wire K-Means Clustering to it, or use Train Model.",
        )
    chosen = columns.select(table, ctx.params["columns"], where="columns")
    mode = learned["params"]["label_mode"]
    label = next((name for name in table.frame.columns if table.role(name) == "label"), None)
    if label is not None and mode == "fill_missing":
        _fill_labels(table, chosen, label)
        table.roles[label]["role"] = "feature"
        chosen = [name for name in table.frame.columns if name in chosen or name == label]
    trained = fitting.fit(ctx, estimator, learned, table.with_frame(table.frame[chosen]), None)
    trained.meta["clusters"] = int(trained.meta["params"]["centroids"])
    scores, roles = scoring.score(trained.model, trained.meta, table.frame)
    if label is not None and mode == "fill_missing":
        table.roles[label]["role"] = "label"
    if label is not None and mode == "overwrite":
        _overwrite_labels(table, label, scores)
    ctx.save("trained_model", trained.model, trained.meta)
    result = score.append(table, scores, roles) if ctx.params["append"] else Table(scores, roles)
    ctx.save_table("results", result)


def _fill_labels(table: Table, chosen: list[str], label: str) -> None:
    """Give rows without a label that of the nearest row, by the other features."""
    missing = table.frame[label].isna().to_numpy()
    if missing.all():
        raise module_error(
            EMPTY_INPUT,
            f'Label "{label}" has no value at all.',
            where=label,
            hint="Set Assign label mode to ignore.",
        )
    if not missing.any():
        return
    others = [name for name in chosen if name != label]
    names = features.feature_columns(table.with_frame(table.frame[others]), None)
    features.refuse_missing(table.frame, names)
    signature = features.describe(table, names)
    inputs = features.matrix(table.frame, signature)
    nearest = neighbors.KNeighborsClassifier(1)
    steps = pipeline.make_pipeline(preprocessing.MinMaxScaler(), nearest)
    model = features.make_pipeline(steps, signature)
    known = table.frame[label].astype(object)
    model.fit(inputs[~missing], known[~missing].map(str))
    # Found by its text, so that a label of any type keeps its type.
    back = {str(value): value for value in known[~missing]}
    filled = [back[text] for text in model.predict(inputs[missing])]
    table.frame.loc[missing, label] = filled


def _overwrite_labels(table: Table, label: str, scores: Any) -> None:
    """Replace each label by the one of the row that is nearest to the cluster's centre."""
    assigned = scores[scoring.ASSIGNMENTS].to_numpy()
    known = table.frame[label].notna().to_numpy()
    values = table.frame[label].copy()
    for number in np.unique(assigned):
        members = assigned == number
        distances = scores[f"{scoring.DISTANCE}{number}"].where(members & known)
        if distances.notna().any():
            values[members] = table.frame[label].iloc[int(np.nanargmin(distances))]
    table.frame[label] = values
