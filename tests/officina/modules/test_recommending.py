from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ndcg_score

from officina.errors import StudioError
from officina.modules.tables import read_dataset

surprise = pytest.importorskip("surprise")


@pytest.fixture(scope="module")
def ratings():
    draw = np.random.default_rng(0)
    taste = draw.normal(size=(30, 2))
    kind = draw.normal(size=(20, 2))
    pairs = [(user, item) for user in range(30) for item in range(20) if draw.random() < 0.6]
    rows = [
        (user, f"film {item}", float(np.clip(np.round(3 + taste[user] @ kind[item]), 1, 5)))
        for user, item in pairs
    ]
    return pd.DataFrame(rows, columns=["who", "what", "stars"])


@pytest.fixture
def trained(bench, ratings):
    params = {"factors": 4, "iterations": 40, "learning_rate": 0.02, "random_seed": 3}
    return bench.run("train_svd_recommender", params, dataset=ratings)["trained_model"]


@pytest.fixture(scope="module")
def own(ratings):
    data = surprise.Dataset.load_from_df(
        ratings.assign(who=ratings["who"].astype(str)), surprise.Reader(rating_scale=(1, 5))
    )
    model = surprise.SVD(n_factors=4, n_epochs=40, lr_all=0.02, random_state=3)
    return model.fit(data.build_full_trainset())


def score(bench, trained, data, training=None, **params):
    more = {} if training is None else {"training": training}
    return bench.run("score_svd_recommender", params, trained_model=trained, dataset=data, **more)


def test_ratings_are_those_of_surprise(bench, ratings, trained, own):
    strange = pd.DataFrame({"who": [99, 1], "what": ["film 1", "unseen"], "stars": [0.0, 0.0]})
    data = pd.concat([ratings, strange], ignore_index=True)
    found = read_dataset(score(bench, trained, data, kind="rating_prediction")["scored"])[0]
    assert list(found.columns) == ["User", "Item", "Rating"]
    expected = [own.predict(str(u), i).est for u, i in zip(data["who"], data["what"], strict=True)]
    np.testing.assert_allclose(found["Rating"], expected)


def test_the_best_unrated_items_are_recommended(bench, ratings, trained, own):
    users = pd.DataFrame({"who": [4, 7]})
    found = read_dataset(
        score(
            bench, trained, users, ratings, selection="from_unrated_items", max_items=3,
            with_ratings=True,
        )["scored"]
    )[0]  # fmt: skip
    assert list(found.columns) == [
        "User", "Item 1", "Rating 1", "Item 2", "Rating 2", "Item 3", "Rating 3",
    ]  # fmt: skip
    for row in found.to_dict("records"):
        seen = set(ratings.loc[ratings["who"] == row["User"], "what"])
        rest = sorted(
            set(ratings["what"]) - seen,
            key=lambda item: -own.predict(str(row["User"]), item, clip=False).est,
        )
        assert [row[f"Item {place}"] for place in (1, 2, 3)] == rest[:3]


def test_all_items_are_offered_to_everyone_also_to_strangers(bench, trained, own, ratings):
    users = pd.DataFrame({"who": [4, 999]})
    found = read_dataset(score(bench, trained, users, selection="from_all_items")["scored"])[0]
    assert list(found.columns) == ["User", *(f"Item {place}" for place in range(1, 6))]
    best = max(set(ratings["what"]), key=lambda item: own.predict("999", item, clip=False).est)
    assert found["Item 1"][1] == best


def test_rated_items_are_ranked_for_evaluation_and_small_pools_left_out(bench, ratings, trained):
    test = pd.concat([ratings[ratings["who"] < 5], ratings[ratings["who"] == 6].head(1)])
    scored = score(bench, trained, test, max_items=4)["scored"]
    found = read_dataset(scored)[0]
    assert found["User"].tolist() == [0, 1, 2, 3, 4]
    metric = bench.table("evaluate_recommender", dataset=test, scored=scored)
    shares = []
    for row in found.to_dict("records"):
        mine = ratings[ratings["who"] == row["User"]]
        order = [row[f"Item {place}"] for place in range(1, 5)]
        rank = [10 - order.index(item) if item in order else 0 for item in mine["what"]]
        shares.append(ndcg_score([mine["stars"]], [rank], k=4))
    assert metric["NDCG"][0] == pytest.approx(np.mean(shares))
    assert {m["key"] for m in bench.messages("metric")} == {"NDCG"}


def test_predicted_ratings_are_measured(bench, ratings, trained):
    scored = score(bench, trained, ratings, kind="rating_prediction")["scored"]
    predicted = read_dataset(scored)[0]["Rating"]
    metric = bench.table("evaluate_recommender", dataset=ratings, scored=scored)
    off = predicted - ratings["stars"]
    assert metric["Mean_Absolute_Error"][0] == pytest.approx(off.abs().mean())
    assert metric["Root_Mean_Squared_Error"][0] == pytest.approx((off**2).mean() ** 0.5)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"u": [1], "i": [1]}, "Error 0011"),
        ({"u": [1, 1], "i": [2, 2], "r": [1.0, 2.0]}, "more than once"),
        ({"u": [1], "i": [2], "r": ["good"]}, "no numbers"),
        ({"u": [1, None], "i": [2, 3], "r": [1.0, 2.0]}, "Error 0019"),
    ],
)
def test_data_that_are_no_ratings_are_numbered_errors(bench, data, text):
    with pytest.raises(StudioError, match=text):
        bench.run("train_svd_recommender", dataset=pd.DataFrame(data))


def test_a_recommender_needs_its_own_modules(bench, ratings, trained):
    with pytest.raises(StudioError, match="Error 0013") as caught:
        bench.score(trained, ratings)
    assert "Score SVD Recommender" in caught.value.hint
    model = bench.train(bench.learner("linear_regression"), ratings, label="stars")
    with pytest.raises(StudioError, match="Error 0013"):
        score(bench, model, ratings)
    with pytest.raises(StudioError, match="Error 0003") as caught:
        score(bench, trained, ratings, selection="from_unrated_items")
    assert caught.value.where == "training"
