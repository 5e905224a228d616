"""Every address of the protocol: below `/mlflow/<workspace>`, and below `/mlflow` for the default workspace."""

from __future__ import annotations

from typing import Any

from django.urls import include, path, re_path

from studio.facades.mlflow import (
    artifacts,
    experiments,
    logged,
    models,
    rundata,
    runs,
    server,
    versions,
)
from studio.facades.mlflow.endpoint import Call, Endpoint
from studio.lib import limits

# What a job's own token must hold where its operation has another name.
READ, EDIT = "runs.read", "runs.edit"


def _experiments(name: str, operation: str, **calls: Any) -> tuple[str, dict[str, Call]]:
    made = {verb: Call(handler, operation, READ) for verb, handler in calls.items()}
    return f"api/2.0/mlflow/experiments/{name}", made


def _runs(name: str, operation: str, **calls: Any) -> tuple[str, dict[str, Call]]:
    # A job may begin runs below its own: what they need is the right to write into it.
    of_run = EDIT if operation in {"runs.submit", "runs.delete"} else operation
    made = {verb: Call(handler, operation, of_run) for verb, handler in calls.items()}
    return f"api/2.0/mlflow/{name}", made


def _registry(name: str, **calls: tuple[Any, str]) -> tuple[str, dict[str, Call]]:
    made = {verb: Call(handler, f"registry.{what}") for verb, (handler, what) in calls.items()}
    return f"api/2.0/mlflow/{name}", made


EXPERIMENTS = [
    _experiments("create", "experiments.write", post=experiments.create),
    _experiments("search", "experiments.read", post=experiments.search, get=experiments.search),
    _experiments("delete", "experiments.write", post=experiments.delete),
    _experiments("restore", "experiments.write", post=experiments.restore),
    _experiments("update", "experiments.write", post=experiments.update),
    _experiments("set-experiment-tag", "experiments.write", post=experiments.set_tag),
    _experiments("delete-experiment-tag", "experiments.write", post=experiments.delete_tag),
    _experiments("get", "experiments.read", get=experiments.get),
    _experiments("get-by-name", "experiments.read", get=experiments.get_by_name),
]
RUNS = [
    _runs("runs/create", "runs.submit", post=runs.create),
    _runs("runs/update", EDIT, post=runs.update),
    _runs("runs/delete", "runs.delete", post=runs.delete),
    _runs("runs/restore", "runs.delete", post=runs.restore),
    _runs("runs/search", READ, post=runs.search),
    _runs("runs/get", READ, get=runs.get),
    _runs("runs/log-metric", EDIT, post=rundata.log_metric),
    _runs("runs/log-parameter", EDIT, post=rundata.log_parameter),
    _runs("runs/set-tag", EDIT, post=rundata.set_tag),
    _runs("runs/delete-tag", EDIT, post=rundata.delete_tag),
    _runs("runs/log-batch", EDIT, post=rundata.log_batch),
    _runs("runs/log-inputs", EDIT, post=rundata.log_inputs),
    _runs("runs/outputs", EDIT, post=rundata.outputs),
    _runs("runs/log-model", EDIT, post=rundata.log_model),
    _runs("metrics/get-history", READ, get=runs.get_history),
    _runs("metrics/get-history-bulk", READ, get=runs.get_history_bulk),
    _runs("artifacts/list", READ, get=artifacts.list_of_run),
]
MODELS = [
    _registry("registered-models/create", post=(models.create, "write")),
    _registry("registered-models/rename", post=(models.rename, "write")),
    _registry("registered-models/update", patch=(models.update, "write")),
    _registry("registered-models/delete", delete=(models.delete, "delete")),
    _registry("registered-models/get", get=(models.get, "read")),
    _registry("registered-models/search", get=(models.search, "read")),
    _registry(
        "registered-models/get-latest-versions",
        post=(models.latest_versions, "read"), get=(models.latest_versions, "read"),
    ),
    _registry("registered-models/set-tag", post=(models.set_tag, "write")),
    _registry("registered-models/delete-tag", delete=(models.delete_tag, "write")),
    _registry(
        "registered-models/alias",
        post=(models.set_alias, "write"), delete=(models.delete_alias, "write"),
        get=(models.get_by_alias, "read"),
    ),
    _registry("model-versions/create", post=(versions.create, "write")),
    _registry("model-versions/get", get=(versions.get, "read")),
    _registry("model-versions/update", patch=(versions.update, "write")),
    _registry("model-versions/delete", delete=(versions.delete, "delete")),
    _registry("model-versions/search", get=(versions.search, "read")),
    _registry("model-versions/get-download-uri", get=(versions.get_download_uri, "read")),
    _registry("model-versions/transition-stage", post=(versions.transition, "write")),
    _registry("model-versions/set-tag", post=(versions.set_tag, "write")),
    _registry("model-versions/delete-tag", delete=(versions.delete_tag, "write")),
]  # fmt: skip
LOGGED = [
    _runs("logged-models", EDIT, post=logged.create),
    _runs("logged-models/search", READ, post=logged.search),
    ("api/2.0/mlflow/logged-models/<str:model_id>", {
        "get": Call(logged.get, READ),
        "patch": Call(logged.finalize, EDIT),
        "delete": Call(logged.delete, "runs.delete", EDIT),
    }),
    _runs("logged-models/<str:model_id>/params", EDIT, post=logged.log_params),
    _runs("logged-models/<str:model_id>/tags", EDIT, patch=logged.set_tags),
    _runs("logged-models/<str:model_id>/tags/<path:tag_key>", EDIT, delete=logged.delete_tag),
    _runs(
        "logged-models/<str:model_id>/artifacts/directories", READ, get=artifacts.list_of_model
    ),
]  # fmt: skip
FILES = "api/2.0/mlflow-artifacts"
ARTIFACTS = [
    (f"{FILES}/artifacts", {"get": Call(artifacts.listing, READ)}),
    (f"{FILES}/artifacts/<path:artifact_path>", {
        "get": Call(artifacts.download, READ, raw=True),
        "put": Call(artifacts.upload, EDIT, raw=True, takes=limits.FILE),
        "delete": Call(artifacts.delete, "runs.delete", EDIT, raw=True),
    }),
    *(
        (f"{FILES}/mpu/{verb}/<path:artifact_path>", {"post": Call(artifacts.multipart, EDIT)})
        for verb in ("create", "complete", "abort")
    ),
]  # fmt: skip
SERVER = [
    ("health", {"get": Call(server.health, "workspace.read", READ)}),
    ("version", {"get": Call(server.version, "workspace.read", READ)}),
    ("api/3.0/mlflow/server-info", {"get": Call(server.server_info, "workspace.read", READ)}),
]
CALLS = [*EXPERIMENTS, *RUNS, *MODELS, *LOGGED, *ARTIFACTS, *SERVER]

VERBS = ("get", "post", "put", "patch", "delete")
# What MLflow's own server has at these addresses is not kept here; the answer says so.
ELSEWHERE = (
    r"^api/[23]\.0/mlflow/(?:traces|assessments|webhooks|scorers|datasets|gateway|unity-catalog"
    r"|genai|issues|label-schemas|review-queues|prompt-optimization|workspaces|gateway-proxy)"
    r"(?P<rest>.*)$",
    r"^(?:v1/traces|api/2\.0/(?:endpoints|gateway|unity-catalog|otel)|gateway|graphql"
    r"|ajax-api/2\.0/mlflow/gateway-proxy)(?P<rest>.*)$",
)


def _everywhere(handler: Any) -> Endpoint:
    return Endpoint(dict.fromkeys(VERBS, Call(handler, "workspace.read", READ, raw=True)))


endpoints = [Endpoint(found) for _, found in CALLS]
calls: list[Any] = [
    path(address, endpoint) for (address, _), endpoint in zip(CALLS, endpoints, strict=True)
]
calls += [re_path(address, _everywhere(server.not_here)) for address in ELSEWHERE]
calls.append(re_path(r"^(?P<rest>.+)$", _everywhere(server.unknown)))

urlpatterns: list[Any] = [
    path("mlflow", server.link),
    path("mlflow/", server.link),
    # No workspace can have this name.
    path("mlflow/~/page", server.first_page, name="mlflow-first-page"),
    re_path(r"^mlflow/(?=(?:api/[23]\.0/|health$|version$|v1/|gateway/|graphql))", include(calls)),
    path("mlflow/<str:named>", server.link),
    path("mlflow/<str:named>/", server.link),
    path("mlflow/<str:workspace>/page", server.page, name="mlflow-page"),
    path("mlflow/<str:workspace>/", include(calls)),
]
