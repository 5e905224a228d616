"""What can be searched and ordered by, for each kind of thing."""

from __future__ import annotations

from studio.facades.mlflow.grammar import ATTRIBUTE, DATASET, METRIC, PARAM, TAG, Language

RUNS = Language(
    entities=frozenset({METRIC, PARAM, TAG, ATTRIBUTE, DATASET}),
    attributes={
        **{
            name: name
            for name in (
                "run_id", "run_name", "status", "artifact_uri", "user_id", "start_time",
                "end_time", "experiment_id",
            )
        },
        "run name": "run_name", "Run name": "run_name", "Run Name": "run_name",
        "id": "run_id", "run id": "run_id",
        "created": "start_time", "Created": "start_time",
    },
    numeric=frozenset({"start_time", "end_time"}),
    listed=frozenset({"run_id"}),
    orders={
        **{
            name: name
            for name in (
                "run_id", "run_name", "status", "artifact_uri", "user_id", "start_time",
                "end_time", "experiment_id",
            )
        },
        "run name": "run_name", "created": "start_time",
    },
)  # fmt: skip
_TIMES = {"creation_time": "creation_time", "last_update_time": "last_update_time"}
EXPERIMENTS = Language(
    entities=frozenset({TAG, ATTRIBUTE}),
    attributes={"name": "name", **_TIMES},
    numeric=frozenset(_TIMES),
    orders={"name": "name", "experiment_id": "experiment_id", **_TIMES},
)
_STAMPS = {
    "creation_timestamp": "creation_timestamp",
    "last_updated_timestamp": "last_updated_timestamp",
    "timestamp": "last_updated_timestamp",
}
MODELS = Language(
    entities=frozenset({TAG, ATTRIBUTE}),
    attributes={"name": "name"},
    listed=frozenset({"name"}),
    orders={"name": "name", **_STAMPS},
)
VERSIONS = Language(
    entities=frozenset({TAG, ATTRIBUTE}),
    attributes={
        "name": "name", "version_number": "version_number", "run_id": "run_id",
        "source_path": "source", "source": "source",
    },
    numeric=frozenset({"version_number"}),
    listed=frozenset({"name", "run_id"}),
    orders={"name": "name", "version_number": "version_number", "version": "version_number", **_STAMPS},
)  # fmt: skip
_LOGGED = (
    "name", "model_id", "model_type", "status", "source_run_id", "creation_timestamp",
    "last_updated_timestamp", "experiment_id",
)  # fmt: skip
LOGGED_MODELS = Language(
    entities=frozenset({METRIC, PARAM, TAG, ATTRIBUTE}),
    attributes={
        **{name: name for name in _LOGGED},
        "creation_time": "creation_timestamp",
        "last_updated_time": "last_updated_timestamp",
        "last_update_time": "last_updated_timestamp",
    },
    numeric=frozenset({"creation_timestamp", "last_updated_timestamp"}),
    listed=frozenset(_LOGGED) - {"creation_timestamp", "last_updated_timestamp"},
    lists=frozenset({PARAM, TAG}),
    orders={
        **{name: name for name in _LOGGED},
        "creation_time": "creation_timestamp",
        "last_updated_time": "last_updated_timestamp",
    },
)
