"""The SVD recommender and its measures; only a job imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officina.modules.errors import (
    EMPTY_INPUT,
    INVALID_DATA,
    MISSING_VALUES,
    NO_COLUMNS,
    module_error,
)
from officina.modules.measures import class_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from officina.errors import StudioError
    from officina.modules.tables import Table

    Pools = Iterator[tuple[Any, NDArray[np.int_]]]


class Recommender:
    """Mean rating, what users and items add to it, and factors that fit them to each other."""

    def __init__(self, *, factors: int, iterations: int, learning_rate: float, seed: int) -> None:
        self.factors = factors
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, ratings: pd.DataFrame) -> Recommender:
        """Learn from User, Item and Rating; users and items are told apart by their text."""
        from surprise import SVD, Dataset, Reader

        low, high = float(ratings["Rating"].min()), float(ratings["Rating"].max())
        texts = pd.DataFrame(
            {
                "user": ratings["User"].map(class_text),
                "item": ratings["Item"].map(class_text),
                "rating": ratings["Rating"],
            }
        )
        known = Dataset.load_from_df(texts, Reader(rating_scale=(low, high)))
        train = known.build_full_trainset()
        model = SVD(
            n_factors=self.factors,
            n_epochs=self.iterations,
            lr_all=self.learning_rate,
            random_state=self.seed,
        ).fit(train)
        self.scale = (low, high)
        self.mean = float(train.global_mean)
        self.users = {train.to_raw_uid(place): place for place in train.all_users()}
        self.items = {train.to_raw_iid(place): place for place in train.all_items()}
        back = dict(zip(texts["item"], ratings["Item"], strict=True))
        self.item_values = [back[name] for name in self.items]
        self.user_bias, self.item_bias = model.bu, model.bi
        self.user_factors, self.item_factors = model.pu, model.qi
        return self

    def predict(self, users: pd.Series[Any], items: pd.Series[Any]) -> NDArray[np.float64]:
        """Predict the rating of each pair, within the scale of the training data."""
        user = self._places(users, self.users)
        item = self._places(items, self.items)
        found = np.full(len(user), self.mean)
        found += np.where(user >= 0, self.user_bias[user], 0)
        found += np.where(item >= 0, self.item_bias[item], 0)
        both = (user >= 0) & (item >= 0)
        fit = (self.user_factors[user[both]] * self.item_factors[item[both]]).sum(axis=1)
        found[both] += fit
        return np.asarray(np.clip(found, *self.scale))

    def for_user(self, user: Any, items: NDArray[np.int_]) -> NDArray[np.float64]:
        """Predict how a user would rate known items, given by their places; not clipped."""
        found = self.mean + self.item_bias[items]
        place = self.users.get(class_text(user))
        if place is None:
            return np.asarray(found)
        return np.asarray(
            found + self.user_bias[place] + self.item_factors[items] @ self.user_factors[place]
        )

    def places_of(self, items: pd.Series[Any]) -> NDArray[np.int_]:
        """Return the places of those items that training saw, each once."""
        places = self._places(items, self.items)
        return np.unique(places[places >= 0])

    @staticmethod
    def _places(values: pd.Series[Any], known: dict[str, int]) -> NDArray[np.int_]:
        return np.array([known.get(class_text(value), -1) for value in values], dtype=int)


def triples(table: Table, where: str, *, rated: bool) -> pd.DataFrame:
    """Return the first columns of a table as User, Item and, if asked for, Rating; checked."""
    needed = ["User", "Item", "Rating"] if rated else ["User", "Item"]
    frame = table.frame
    if len(frame.columns) < len(needed):
        raise module_error(
            NO_COLUMNS,
            f"The table has {len(frame.columns)} columns, not {', '.join(needed).lower()}.",
            where=where,
            hint="Put users first, then items, then ratings, with Select Columns in Dataset.",
        )
    found = frame.iloc[:, : len(needed)].set_axis(needed, axis=1).reset_index(drop=True)
    for name, column in zip(needed, frame.columns, strict=False):
        if found[name].isna().any():
            raise module_error(
                MISSING_VALUES,
                f'Column "{column}" has {int(found[name].isna().sum())} missing values.',
                where=str(column),
                hint="Put Clean Missing Data before this step.",
            )
    if rated:
        _check_ratings(found, str(frame.columns[2]))
    return found


def _check_ratings(found: pd.DataFrame, column: str) -> None:
    if not pd.api.types.is_numeric_dtype(found["Rating"]):
        raise module_error(
            INVALID_DATA,
            f'Column "{column}" holds no numbers.',
            where=column,
            hint="Ratings, the third column, are numbers.",
        )
    doubled = found.duplicated(["User", "Item"])
    if doubled.any():
        first = found[doubled].iloc[0]
        raise module_error(
            INVALID_DATA,
            f"User {first['User']} rates item {first['Item']} more than once.",
            where=column,
            hint="Keep one rating of each pair, with Remove Duplicate Rows.",
        )


def pools(
    model: Recommender, table: Table, training: Table | None, selection: str, least: int
) -> Pools:
    """Yield each user of the table with the places of the items that may be recommended."""
    if selection == "from_rated_items":
        pairs = triples(table, "dataset", rated=False)
        for user, part in pairs.groupby("User", sort=False):
            places = model.places_of(part["Item"])
            if len(places) >= least:
                yield user, places
        return
    everything = np.arange(len(model.items))
    rated: dict[str, NDArray[np.int_]] = {}
    if selection == "from_unrated_items":
        if training is None:
            raise module_error(
                EMPTY_INPUT,
                "Which items a user has rated is not known.",
                where="training",
                hint="Wire the training data to it, or choose from all items.",
            )
        pairs = triples(training, "training", rated=False)
        for user, part in pairs.groupby(pairs["User"].map(class_text)):
            rated[str(user)] = model.places_of(part["Item"])
    for user in table.frame.iloc[:, 0].dropna().unique():
        seen = rated.get(class_text(user))
        yield user, everything if seen is None else np.setdiff1d(everything, seen)


def recommend(model: Recommender, found: Pools, *, count: int, with_ratings: bool) -> pd.DataFrame:
    """Return a row a user: the items that it would rate highest, the best first."""
    names = ["User"]
    for place in range(1, count + 1):
        names += [f"Item {place}", f"Rating {place}"] if with_ratings else [f"Item {place}"]
    rows: list[list[Any]] = []
    for user, items in found:
        ratings = model.for_user(user, items)
        best = np.argsort(-ratings, kind="stable")[:count]
        row: list[Any] = [user]
        for place in best:
            row.append(model.item_values[int(items[place])])
            if with_ratings:
                row.append(float(np.clip(ratings[place], *model.scale)))
        rows.append(row + [None] * (len(names) - len(row)))
    return pd.DataFrame(rows, columns=names)


def measure(truth: pd.DataFrame, scored: pd.DataFrame) -> dict[str, float]:
    """Measure predicted ratings, or recommended items, told apart by the columns' names."""
    if {"User", "Item", "Rating"} <= set(scored.columns):
        return _rating_errors(truth, scored)
    items = [name for name in scored.columns if str(name).startswith("Item ")]
    if "User" not in scored.columns or not items:
        raise module_error(
            INVALID_DATA,
            "The scored table has neither ratings nor recommended items.",
            where="scored",
            hint="Wire the output of Score SVD Recommender to it.",
        )
    return {"NDCG": _gain(truth, scored, items)}


def _rating_errors(truth: pd.DataFrame, scored: pd.DataFrame) -> dict[str, float]:
    keys = {}
    for name, frame in (("truth", truth), ("scored", scored)):
        texts = frame[["User", "Item"]].map(class_text)
        keys[name] = frame[["Rating"]].set_axis(pd.MultiIndex.from_frame(texts))
    both = keys["truth"].join(keys["scored"], lsuffix="_true", how="inner")
    if both.empty:
        raise _strangers()
    off = both["Rating"].to_numpy(dtype=float) - both["Rating_true"].to_numpy(dtype=float)
    return {
        "Mean_Absolute_Error": float(np.abs(off).mean()),
        "Root_Mean_Squared_Error": float(np.sqrt((off**2).mean())),
    }


def _gain(truth: pd.DataFrame, scored: pd.DataFrame, items: list[str]) -> float:
    """Return the mean over users of their gain, as a share of the best possible."""
    known = {
        str(user): dict(zip(part["Item"].map(class_text), part["Rating"], strict=True))
        for user, part in truth.groupby(truth["User"].map(class_text))
    }
    shares = []
    for row in scored.to_dict("records"):
        ratings = known.get(class_text(row["User"]), {})
        given = [class_text(row[name]) for name in items if not pd.isna(row[name])]
        best = sorted(ratings.values(), reverse=True)[: len(given)]
        weights = 1 / np.log2(np.arange(len(given)) + 2)
        ideal = float((np.array(best, dtype=float) * weights[: len(best)]).sum())
        if ideal > 0:
            gained = np.array([ratings.get(name, 0) for name in given], dtype=float)
            shares.append(float((gained * weights).sum()) / ideal)
    if not shares:
        raise _strangers()
    return float(np.mean(shares))


def _strangers() -> StudioError:
    return module_error(
        INVALID_DATA,
        "No scored user is in the test dataset.",
        where="scored",
        hint="Score users and items of the test dataset.",
    )
