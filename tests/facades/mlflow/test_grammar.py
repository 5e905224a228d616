"""MLflow's search language is read as its own server reads it."""

from __future__ import annotations

from typing import Any

import pytest

from studio.facades.mlflow.grammar import Clause, Order, like_pattern, parse_filter, parse_order
from studio.facades.mlflow.languages import MODELS, RUNS
from studio.facades.mlflow.wire import Refusal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.loss < 0.5", [("metric", "loss", "<", 0.5)]),
        ("metrics.loss>=-1e-3", [("metric", "loss", ">=", -0.001)]),
        ("metric.`val loss` != 1", [("metric", "val loss", "!=", 1.0)]),
        ('metrics."a/b" = 2.', [("metric", "a/b", "=", 2.0)]),
        ("params.alpha = '0.1'", [("param", "alpha", "=", "0.1")]),
        ('parameters.alpha = "0.1"', [("param", "alpha", "=", "0.1")]),
        ("tags.mlflow.source.type = 'LOCAL'", [("tag", "mlflow.source.type", "=", "LOCAL")]),
        ("tags.`mlflow.user` LIKE 'a%'", [("tag", "mlflow.user", "LIKE", "a%")]),
        ("tags.x iLike '%B'", [("tag", "x", "ILIKE", "%B")]),
        ("attributes.status = 'FINISHED'", [("attribute", "status", "=", "FINISHED")]),
        ("run_id IN ('a','b')", [("attribute", "run_id", "IN", ["a", "b"])]),
        ("attr.run_id NOT IN ('a')", [("attribute", "run_id", "NOT IN", ["a"])]),
        ("start_time > 1700000000000", [("attribute", "start_time", ">", 1.7e12)]),
        ("attributes.`run name` = 'x'", [("attribute", "run_name", "=", "x")]),
        ("tags.t IS NULL", [("tag", "t", "IS NULL", None)]),
        ("params.p is not null", [("param", "p", "IS NOT NULL", None)]),
        ("dataset.name = 'd'", [("dataset", "name", "=", "d")]),
        ("datasets.digest IN ('x')", [("dataset", "digest", "IN", ["x"])]),
        (
            "metrics.a > 1 and params.b = 'and' AND tags.c != 'it''s'",
            [("metric", "a", ">", 1.0), ("param", "b", "=", "and"), ("tag", "c", "!=", "it's")],
        ),
        ("metrics.l1.2 > 1", [("metric", "l1.2", ">", 1.0)]),
        ("metrics.a-b > 1", [("metric", "a-b", ">", 1.0)]),
        ("", []),
    ],
)
def test_a_filter_is_read(text: str, expected: list[tuple[Any, ...]]) -> None:
    assert parse_filter(text, RUNS) == [Clause(*each) for each in expected]


@pytest.mark.parametrize(
    "text",
    [
        "metrics.a > 1 OR metrics.b > 1",
        "(metrics.a > 1)",
        "NOT metrics.a > 1",
        "params.a = 1",
        "params.a > 'x'",
        "metrics.a = 'x'",
        "metrics.a LIKE 'x'",
        "metrics.a IN (1)",
        "metrics.a IS NULL",
        "params.a = ",
        "params.a",
        "params. = 'x'",
        "nonsense = 'x'",
        "run_id IN 'a'",
        "run_id IN ('a'",
        "params.a = 'x' params.b = 'y'",
        "params.a = 'x' AND",
        "params.a = 'unclosed",
        "start_time = 'yesterday'",
        "dataset.size = 'x'",
        "tags.a = 'x'; DROP TABLE runs",
        "AND",
    ],
)
def test_what_the_language_lacks_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_filter(text, RUNS)
    assert refused.value.status == 400


def test_models_have_no_metrics() -> None:
    with pytest.raises(Refusal):
        parse_filter("metrics.a > 1", MODELS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.loss", Order("metric", "loss")),
        ("metrics.`val loss` DESC", Order("metric", "val loss", False)),
        ("params.a asc", Order("param", "a")),
        ("start_time DESC", Order("attribute", "start_time", False)),
        ("attribute.Start Time", None),
        ("Created desc", Order("attribute", "start_time", False)),
        ("dataset.name", None),
        ("metrics.a DESC x", None),
        ("", None),
    ],
)
def test_an_order_is_read_or_refused(text: str, expected: Order | None) -> None:
    if expected is None:
        with pytest.raises(Refusal):
            parse_order([text], RUNS)
    else:
        assert parse_order([text], RUNS) == [expected]


def test_a_repeated_order_is_refused_and_never_a_server_error() -> None:
    with pytest.raises(Refusal) as refused:
        parse_order(["metrics.a", "metrics.a DESC"], RUNS)
    assert refused.value.status == 400


def test_like_means_the_whole_text() -> None:
    assert like_pattern("a%b_.") == r"^a.*b.\.$"
