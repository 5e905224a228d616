"""Experiments, runs of every kind, and what a run leaves behind."""

from __future__ import annotations

from studio.runs.models.logged import Dataset, DatasetUse, LoggedModel, LoggedModelUse
from studio.runs.models.modelwork import ModelWork
from studio.runs.models.runs import (
    ENDED,
    HELD,
    MOVES,
    TRACKED_MOVES,
    Artifact,
    Experiment,
    ExperimentQuerySet,
    LineageEdge,
    MetricBatch,
    MetricSegment,
    MetricSeries,
    Run,
    RunQuerySet,
    RunTag,
    SavedView,
    Status,
    new_guid,
)

__all__ = [
    "ENDED",
    "HELD",
    "MOVES",
    "TRACKED_MOVES",
    "Artifact",
    "Dataset",
    "DatasetUse",
    "Experiment",
    "ExperimentQuerySet",
    "LineageEdge",
    "LoggedModel",
    "LoggedModelUse",
    "MetricBatch",
    "MetricSegment",
    "MetricSeries",
    "ModelWork",
    "Run",
    "RunQuerySet",
    "RunTag",
    "SavedView",
    "Status",
    "new_guid",
]
