"""The samples that come with the studio: small jobs that run as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from officina.errors import StudioError

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Sample:
    """One card of the gallery; `figures` are the metrics that a run of it logs."""

    id: str
    title: str
    summary: str
    path: Path
    kind: Literal["job", "graph"]
    figures: dict[str, float] = field(default_factory=dict)


MSE, R2 = 4150.680189329983, 0.19057346847560164


def _graph(id: str, title: str, summary: str) -> Sample:
    return Sample(id, title, summary, HERE / f"{id.replace('-', '_')}.json", "graph")


SAMPLES = (
    Sample(
        id="diabetes",
        title="Diabetes, three steps",
        summary="Three Python scripts prepare the data, fit a line and register the model. "
        "Change test_size and run again: what does not depend on it is reused.",
        path=HERE / "diabetes" / "pipeline.yml",
        kind="job",
        figures={"mse": MSE, "r2": R2},
    ),
    Sample(
        id="diabetes-graph",
        title="Diabetes on the canvas",
        summary="The same task without code: seven designer modules from data to evaluation.",
        path=HERE / "diabetes_graph.json",
        kind="graph",
        figures={"Mean_Squared_Error": MSE, "Coefficient_of_Determination": R2},
    ),
    _graph(
        "automobile-basic",
        "Automobile prices",
        "The way of every model: select columns, clean, split, train, score, evaluate.",
    ),
    _graph(
        "automobile-compare",
        "Compare two learners",
        "A boosted tree and a decision forest on the same cars, side by side in one evaluation.",
    ),
    _graph(
        "income-features",
        "Income, with the best features",
        "Chi squared finds the five columns that tell most; the test data gets the same ones.",
    ),
    _graph(
        "credit-risk",
        "Credit risk with a Python script",
        "A script weighs costly mistakes; two learners, weighted and not, end in one table.",
    ),
    _graph(
        "churn-smote",
        "Churn with SMOTE",
        "Few customers leave: make more of them up for training, and see what it changes.",
    ),
    _graph(
        "flight-delay",
        "Flight delays and the weather",
        "Two tables are joined by place and hour before anything is learned from them.",
    ),
    _graph(
        "text-features",
        "Two ways to read texts",
        "Feature hashing against a vocabulary of words that is saved and used for the test texts.",
    ),
    _graph(
        "cross-validation",
        "Cross validation",
        "Ten folds instead of one split show how far a figure can be trusted.",
    ),
    _graph(
        "permutation-importance",
        "Which columns matter",
        "Each column is shuffled in turn, to see how much worse the model gets.",
    ),
    _graph(
        "film-recommender",
        "Recommend films",
        "A recommender learns the tastes of people from their ratings, and names three films each.",
    ),
    _graph(
        "tune-hyperparameters",
        "Tune a learner",
        "Six draws from ranges of four settings; the best model goes on to be scored.",
    ),
    _graph(
        "one-vs-all",
        "Three classes from two",
        "One-vs-All makes a learner of two classes tell three wines apart, next to a forest.",
    ),
)


def list_samples() -> list[Sample]:
    """Return all samples, in the gallery's order."""
    return list(SAMPLES)


def get_sample(sample_id: str) -> Sample:
    """Return one sample; an unknown id is answered with the known ones."""
    for sample in SAMPLES:
        if sample.id == sample_id:
            return sample
    raise StudioError(
        f"There is no sample {sample_id!r}.",
        hint=f"There are: {', '.join(sample.id for sample in SAMPLES)}.",
        where="sample",
        code="not_found",
    )
