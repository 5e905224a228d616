"""Palette category Recommendation: Train, Score and Evaluate with the SVD recommender."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, Schema, Schemas
from officina.lazy import lazy
from officina.modules.errors import WRONG_LEARNER, module_error
from officina.modules.parameters import seed_param
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from officina.modules import recommender
    from officina.modules.context import Context
else:
    pd = lazy("pandas")
    recommender = lazy("officina.modules.recommender")

CATEGORY = "Recommendation"
EXTRA = "Install: pip install scikit-surprise (make run OFFICINA_EXTRAS=1 does so)"
ITEMS = {"kind": "item_recommendation"}


@module(
    name="train_svd_recommender",
    title="Train SVD Recommender",
    category=CATEGORY,
    inputs=[
        Port("dataset", "dataset", label="Training dataset of user-item-rating triples"),
    ],
    outputs=[Port("trained_model", "trained_model", label="Trained SVD recommender")],
    params=[
        Param("factors", "integer", "Number of latent factors", 100, 1, 10_000),
        Param("iterations", "integer", "Number of iterations", 30, 1, 100_000),
        Param("learning_rate", "number", "Learning rate", 0.005, 1e-9, 2),
        seed_param(),
    ],
    summary="{factors} factors, {iterations} iterations",
    doc="Learn from ratings how users and items fit: scikit-surprise's SVD, a matrix factorization "
    "by stochastic gradient descent. The first column holds users, the second items, the third "
    "the ratings, which are numbers; a user rates an item once.",
    requires=["surprise"],
    extra=EXTRA,
)
def train_svd_recommender(ctx: Context) -> None:
    """Factorize the table of ratings."""
    ratings = recommender.triples(ctx.table("dataset", allow_empty=False), "dataset", rated=True)
    seed = ctx.seed()
    ctx.report.progress(0.01, f"{len(ratings)} ratings")
    model = recommender.Recommender(
        factors=ctx.params["factors"],
        iterations=ctx.params["iterations"],
        learning_rate=ctx.params["learning_rate"],
        seed=seed,
    ).fit(ratings)
    meta = {
        "kind": "trained",
        "task": "recommendation",
        "algorithm": ctx.component.name,
        "title": ctx.component.title,
        "params": dict(ctx.params),
        "seed": seed,
        "label": None,
        "signature": [],
        "rows": len(ratings),
        "users": len(model.users),
        "items": len(model.items),
        "scale": list(model.scale),
    }
    ctx.save("trained_model", model, meta)


def _scored_columns(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Say what Score SVD Recommender gives: triples, or a user and its items, best first."""
    if params["kind"] == "rating_prediction":
        return {"scored": (Column("User"), Column("Item"), Column("Rating", "number"))}
    found: Schema = (Column("User"),)
    for place in range(1, params["max_items"] + 1):
        found += (Column(f"Item {place}"),)
        if params["with_ratings"]:
            found += (Column(f"Rating {place}", "number"),)
    return {"scored": found}


@module(
    name="score_svd_recommender",
    title="Score SVD Recommender",
    category=CATEGORY,
    inputs=[
        Port("trained_model", "trained_model", label="Trained SVD recommender"),
        Port("dataset", "dataset", label="Dataset to score"),
        Port("training", "dataset", label="Training data", optional=True),
    ],
    outputs=[Port("scored", "dataset", label="Scored dataset")],
    params=[
        Param(
            "kind",
            "enum",
            "Recommender prediction kind",
            "item_recommendation",
            enum=("rating_prediction", "item_recommendation"),
        ),
        Param(
            "selection",
            "enum",
            "Recommended item selection",
            "from_rated_items",
            enum=("from_all_items", "from_rated_items", "from_unrated_items"),
            visible_when=ITEMS,
            help="Rated: those of the dataset to score, to evaluate the model. Unrated: those "
            "that the user has not rated in the training data.",
        ),
        Param(
            "max_items",
            "integer",
            "Maximum number of items to recommend to a user",
            5,
            1,
            1_000,
            visible_when=ITEMS,
        ),
        Param(
            "min_pool",
            "integer",
            "Minimum size of the recommendation pool for a user",
            2,
            1,
            1_000_000,
            visible_when=ITEMS | {"selection": "from_rated_items"},
            help="Users with fewer rated items are left out.",
        ),
        Param(
            "with_ratings",
            "boolean",
            "Return the predicted ratings of the items too",
            False,
            visible_when=ITEMS,
        ),
    ],
    summary="{kind}",
    doc="Predict ratings of user-item pairs, or recommend items to users, the best first: the "
    "result is User, Item 1, Item 2 and so on. The first column of the dataset holds users, the "
    "second, where it is needed, items. Of users and items that training never saw only the mean "
    "is known.",
    schema=_scored_columns,
    requires=["surprise"],
    extra=EXTRA,
)
def score_svd_recommender(ctx: Context) -> None:
    """Predict ratings or recommend items."""
    model, meta = ctx.load("trained_model", "trained")
    if meta["task"] != "recommendation":
        raise module_error(
            WRONG_LEARNER,
            f"{meta['title']} is no recommender.",
            where="trained_model",
            hint="Wire Train SVD Recommender to it.",
        )
    table = ctx.table("dataset", allow_empty=False)
    if ctx.params["kind"] == "rating_prediction":
        pairs = recommender.triples(table, "dataset", rated=False)
        pairs["Rating"] = model.predict(pairs["User"], pairs["Item"])
        ctx.save_table("scored", Table(pairs[["User", "Item", "Rating"]]))
        return
    rows = recommender.recommend(
        model,
        recommender.pools(
            model,
            table,
            ctx.table("training") if ctx.has("training") else None,
            ctx.params["selection"],
            ctx.params["min_pool"],
        ),
        count=ctx.params["max_items"],
        with_ratings=ctx.params["with_ratings"],
    )
    ctx.save_table("scored", Table(rows))


@module(
    name="evaluate_recommender",
    title="Evaluate Recommender",
    category=CATEGORY,
    inputs=[
        Port("dataset", "dataset", label="Test dataset"),
        Port("scored", "dataset", label="Scored dataset"),
    ],
    outputs=[Port("metric", "dataset", label="Metric")],
    summary="",
    doc="Compare with the true ratings of the test dataset, triples of user, item and rating. "
    "Predicted ratings: mean absolute and root mean squared error. Recommended items: NDCG, 1 "
    "when each user's items stand in the order of their true ratings.",
)
def evaluate_recommender(ctx: Context) -> None:
    """Measure predicted ratings or recommended items."""
    truth = recommender.triples(ctx.table("dataset", allow_empty=False), "dataset", rated=True)
    scored = ctx.table("scored", allow_empty=False).frame
    metrics = recommender.measure(truth, scored)
    for name, value in metrics.items():
        ctx.report.log(name, value, step=0)
    ctx.save_table("metric", Table(pd.DataFrame([metrics])))
