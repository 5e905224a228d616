"""What a run's page says, worked out from its row, its steps and the run before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils import timezone

from studio.runs import metrics_facts
from studio.runs.models import ENDED, LoggedModelUse, MetricSeries, Run, Status
from studio.runs.services import read_series
from studio.runs.services.advancing import results_of

_STEP_OUTPUT = re.compile(r"\$\{\{\s*parent\.jobs\.([^.\s}]+)\.outputs\.([^\s}]+?)\s*\}\}")
_WORKING = frozenset({Status.PREPARING, Status.RUNNING, Status.FINALIZING})
KPI_COUNT = 4
SPARK_POINTS = 60
# Names that tell how good a model is come before those that tell how training went.
_FIRST = (
    "auc",
    "accuracy",
    "f1",
    "r2",
    "coefficient_of_determination",
    "rmse",
    "root_mean_squared_error",
    "mae",
    "mean_absolute_error",
    "val",
    "test",
    "loss",
)


def url_of(run: Run, **query: str) -> str:
    """Return the address of a run's page."""
    path = reverse("run", kwargs={"workspace": run.workspace.name, "guid": run.guid})
    return path + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


def steps_of(run: Run) -> list[Run]:
    """Return a pipeline's steps in the order of its document, with what they reuse."""
    if run.kind != Run.PIPELINE:
        return []
    rows = run.children.select_related("reused_from", "workspace").defer("key_parts", "cursor")
    found = {child.step: child for child in rows}
    for child in found.values():
        child.waited = _waited(child)  # type: ignore[attr-defined]
    order = [*(run.document.get("jobs") or {}), *found]
    return [found[name] for name in dict.fromkeys(order) if name in found]


def reference_run(run: Run) -> Run | None:
    """Return the run to compare with: the latest completed one before it of the same experiment and name."""
    before = Run.objects.filter(
        experiment_id=run.experiment_id,
        parent=None,
        kind=run.kind,
        status=Status.COMPLETED,
        created__lt=run.created,
    ).order_by("-created")
    same = before.filter(display_name=run.display_name).first() if run.display_name else None
    return same or before.first()


def metric_holders(run: Run, steps: list[Run]) -> Iterator[tuple[str, Run]]:
    """Yield (label, run) of the run and of each step that has metrics; a reused step shows its source's."""
    if run.metrics:
        yield "", results_of(run)
    for step in steps:
        if step.metrics:
            yield step.title, results_of(step)


def rank(key: str) -> tuple[int, str]:
    """Order metric names so that those which tell how good a model is come first."""
    low = key.lower()
    if low.startswith("system/"):
        # What a tracking client measures of the machine says nothing about the model.
        return len(_FIRST) + 1, low
    for place, word in enumerate(_FIRST):
        if word in low:
            return place, low
    return len(_FIRST), low


def kpis(run: Run, steps: list[Run], reference: Run | None) -> list[dict[str, Any]]:
    """Return the cards at the top: the main metrics, and for a pipeline how far its steps are."""
    room = KPI_COUNT - (1 if run.kind == Run.PIPELINE else 0)
    before = _metrics_by_label(reference) if reference else {}
    found = []
    for label, holder in metric_holders(run, steps):
        found += [(rank(key), label, holder, key) for key in holder.metrics]
    cards = []
    for _, label, holder, key in sorted(found, key=lambda each: each[0])[:room]:
        value = holder.metrics[key]
        old = before.get((label, key))
        cards.append(
            {
                "label": key.replace("_", " "),
                "key": key,
                "value": metrics_facts.shown(value),
                "delta": metrics_facts.difference(key, value, old),
                "note": f"{reference.title} {metrics_facts.shown(old)}"
                if reference and old is not None
                else label,
                "points": _spark(holder, key),
            }
        )
    return cards


def _metrics_by_label(run: Run) -> dict[tuple[str, str], Any]:
    return {
        (label, key): value
        for label, holder in metric_holders(run, steps_of(run))
        for key, value in holder.metrics.items()
    }


def _spark(run: Run, key: str) -> list[float]:
    series = MetricSeries.objects.filter(run=run, key=key).first()
    if series is None or series.n < 2:
        return []
    values = read_series(run=run, key=key, points=SPARK_POINTS)["values"]
    return [v for v in map(metrics_facts.number, values) if v is not None]


def step_bar(run: Run, steps: list[Run]) -> dict[str, Any]:
    """Return how far a pipeline is: total, done, reused, and one look for each step."""
    total = max(len(run.document.get("jobs") or {}), len(steps))
    looks = [_look(step) for step in steps] + ["queued"] * (total - len(steps))
    count = Counter(looks)
    saved = sum(step.reused_from.seconds or 0 for step in steps if step.reused_from)
    return {
        "total": total,
        "done": count["completed"] + count["reused"],
        "reused": count["reused"],
        "saved": saved,
        "failed": [step for step in steps if step.status == Status.FAILED],
        "looks": looks,
    }


def _look(run: Run) -> str:
    if run.status == Status.COMPLETED:
        return "reused" if run.is_reused else "completed"
    if run.status in _WORKING or run.status == Status.CANCEL_REQUESTED:
        return "running"
    return {"Failed": "failed", "Canceled": "canceled"}.get(run.status, "queued")


def sentence(run: Run, bar: dict[str, Any] | None) -> str:
    """Say in one line where the run stands."""
    if run.status == Status.QUEUED:
        return run.reason or "waiting for a free slot"
    parts = []
    if bar:
        for step in bar["failed"][:2]:
            parts.append(f"failed: {step.title}")
        parts.append(
            f"{bar['done']} of {bar['total']} done"
            + (f", {bar['reused']} reused" if bar["reused"] else "")
        )
    elif run.progress is not None and not run.is_ended:
        parts.append(f"{run.progress:.0%}" + (f" {run.progress_text}" if run.progress_text else ""))
    return " · ".join(parts)


def seconds_left(run: Run) -> float | None:
    """Estimate what is left from the job's own progress and its working time; the queue is not in it."""
    if run.is_ended or run.started is None or not run.progress or not 0.02 <= run.progress < 1:
        return None
    return (run.seconds or 0) * (1 - run.progress) / run.progress


def _waited(run: Run) -> float | None:
    if run.queued is None or run.is_reused:
        return None
    return max(((run.started or run.ended or timezone.now()) - run.queued).total_seconds(), 0.0)


def environments_of(run: Run, steps: list[Run]) -> str:
    """Name the environment; a pipeline's are those of its steps."""
    return _joined([run.environment, *(step.environment for step in steps)])


def confinement_of(run: Run, steps: list[Run]) -> str:
    """Name what confined the run; a pipeline's steps may differ."""
    return _joined([run.confinement, *(step.confinement for step in steps)])


def _joined(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))


def timings(run: Run) -> list[tuple[str, float]]:
    """Return waiting and working time, apart."""
    found = []
    begin = run.queued or run.created
    if run.kind != Run.PIPELINE and not run.is_reused:
        until = run.started or run.ended or timezone.now()
        found.append(("Waited", max((until - begin).total_seconds(), 0.0)))
    if run.kind != Run.PIPELINE and run.seconds is not None:
        found.append(("Worked", run.seconds))
    return found


def params(run: Run, reference: Run | None) -> tuple[list[dict[str, Any]], int]:
    """Return parameters with what each was in the reference run, and how many changed."""
    before = reference.params if reference else {}
    rows = []
    for name, value in run.params.items():
        changed = name in before and str(before[name]) != str(value)
        rows.append({"name": name, "value": value, "changed": changed, "before": before.get(name)})
    return rows, sum(row["changed"] for row in rows)


def data_rows(run: Run) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the data inputs and the outputs with where each leads."""
    inputs = []
    for name, value in (run.inputs or {}).items():
        if not isinstance(value, dict) or value.get("jobInputType") == "literal":
            continue
        uri, asset = str(value.get("uri") or ""), str(value.get("asset") or "")
        link = ""
        if asset.startswith("azureml:") and asset.count(":") == 2:
            _, asset_name, version = asset.split(":")
            model = value.get("jobInputType") in {"mlflow_model", "custom_model"}
            place = [run.workspace.name, "models" if model else "data", asset_name]
            link = reverse("asset", args=place) + f"?version={version}"
        elif uri.startswith("tree:"):
            link = url_of(run, tab="inputs", input=name)
        inputs.append(
            {
                "name": name,
                "url": link,
                "end": asset.removeprefix("azureml:") or _short(uri),
                "type": value.get("jobInputType"),
            }
        )
    for use in run.dataset_uses.select_related("dataset").order_by("pk"):
        end = " ".join(filter(None, [use.context, f"digest {use.dataset.digest}"]))
        kind = use.dataset.source_type
        inputs.append({"name": use.dataset.name, "url": "", "end": end, "type": kind})
    outputs: list[dict[str, Any]] = []
    for model_use in run.model_uses.select_related("model").filter(model__deleted=None):
        outputs += _model_row(run, model_use) if model_use.way == "out" else []
        if model_use.way == "in":
            name = model_use.model.name
            inputs.append({"name": name, "url": "", "end": "logged model", "type": "model"})
    promised = run.document.get("outputs") or {}
    for name in dict.fromkeys([*promised, *(run.outputs or {})]):
        value = (run.outputs or {}).get(name)
        outputs.append(
            {
                "name": name,
                "url": url_of(run, tab="outputs", output=name) if value else "",
                "size": value.get("size") if value else None,
                "files": value.get("files") if value else None,
                "pending": value is None and not run.is_ended,
            }
        )
    return inputs, outputs


def _model_row(run: Run, use: LoggedModelUse) -> list[dict[str, Any]]:
    """Return a logged model as an output: its size, and the way to its files."""
    files = use.model.files
    path = f"models/{use.model.name}/MLmodel"
    return [
        {
            "name": f"model {use.model.name}",
            "url": url_of(run, tab="outputs", **({"file": path} if "MLmodel" in files else {})),
            "size": sum(each["size"] for each in files.values()),
            "files": len(files),
            "pending": False,
        }
    ]


def _short(uri: str) -> str:
    return f"tree {uri[5:13]}" if uri.startswith("tree:") else uri[:40]


def activity(run: Run, steps: list[Run]) -> list[dict[str, Any]]:
    """Return what happened to the run, newest first."""
    found = [(run.created, "player-play", f"Submitted by {run.owner.name}", "")]
    if run.attempt > 1:
        found.append((run.queued or run.created, "refresh", f"Attempt {run.attempt} queued", ""))
    if run.started:
        found.append((run.started, "bolt", "Started" + (f" on {run.node}" if run.node else ""), ""))
    for step in steps:
        if step.ended:
            word = "reused" if step.is_reused else step.status.lower()
            found.append(
                (
                    step.ended,
                    "recycle" if step.is_reused else "check",
                    f"{step.title} {word}",
                    url_of(step),
                )
            )
    if run.ended:
        glyph = {"Completed": "check", "Failed": "alert-triangle"}.get(run.status, "ban")
        found.append((run.ended, glyph, str(run.status), ""))
    found.sort(key=lambda each: each[0], reverse=True)
    return [dict(zip(("when", "icon", "text", "url"), each, strict=True)) for each in found[:12]]


def timeline(run: Run, steps: list[Run]) -> dict[str, Any]:
    """Return the steps as the timeline widget draws them."""
    rows = []
    for step in steps or [run]:
        rows.append(
            {
                "guid": step.guid,
                "name": step.title,
                "status": step.status,
                "reused": step.is_reused,
                "start": step.started.isoformat() if step.started else None,
                "end": step.ended.isoformat() if step.ended else None,
                "url": url_of(step),
            }
        )
    known = {step.step for step in steps}
    for name, node in (run.document.get("jobs") or {}).items():
        if name not in known:
            rows.append(
                {
                    "guid": "",
                    "name": _node_title(name, node),
                    "status": "NotStarted",
                    "reused": False,
                    "start": None,
                    "end": None,
                    "url": "",
                }
            )
    return {"steps": rows}


def graph(run: Run, steps: list[Run]) -> dict[str, Any]:
    """Return the pipeline's steps and edges as the graph widget draws them, status included."""
    found = {step.step: step for step in steps}
    nodes, edges = [], []
    jobs = run.document.get("jobs") or {}
    for name, node in jobs.items():
        step = found.get(name)
        nodes.append(
            {
                "id": name,
                "guid": step.guid if step else "",
                "label": _node_title(name, node),
                "sub": _summary(node),
                "status": step.status if step else "NotStarted",
                "reused": bool(step and step.is_reused),
                "duration": step.seconds if step else None,
                "category": _category(node),
                "url": url_of(step) if step else "",
            }
        )
        for target_port, value in (node.get("inputs") or {}).items():
            for match in _STEP_OUTPUT.finditer(_reference_in(value)):
                source, port = match.groups()
                edges.append(
                    {
                        "source": source,
                        "target": name,
                        "sourcePort": port,
                        "sourceType": _port_type(jobs.get(source) or {}, port),
                        "targetPort": target_port,
                        "label": target_port,
                    }
                )
        for source in node.get("dependsOn") or []:
            edges.append({"source": source, "target": name, "sourceType": "any", "label": ""})
    return {"nodes": nodes, "edges": [edge for edge in edges if edge["source"] in jobs]}


def _reference_in(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("uri") or value.get("value") or "")
    return str(value or "")


def _component(node: dict[str, Any]) -> dict[str, Any]:
    component = node.get("component")
    return component if isinstance(component, dict) else {}


def _node_title(name: str, node: dict[str, Any]) -> str:
    return str(node.get("displayName") or _component(node).get("display_name") or name)


def _summary(node: dict[str, Any]) -> str:
    literals = [
        f"{name} {_reference_in(value)}"
        for name, value in (node.get("inputs") or {}).items()
        if isinstance(value, dict)
        and value.get("jobInputType") == "literal"
        and not isinstance(value.get("value"), dict | list)
        and "${{" not in _reference_in(value)
    ]
    return ", ".join(literals)[:48] or str(_component(node).get("name") or "")


def _port_type(node: dict[str, Any], port: str) -> str:
    spec = (_component(node).get("outputs") or {}).get(port) or {}
    kind = str(spec.get("type") or "any")
    return {
        "untrained_model": "learner",
        "trained_model": "model",
        "mlflow_model": "model",
        "custom_model": "model",
    }.get(kind, kind if kind in {"dataset", "transform", "metrics"} else "any")


def _category(node: dict[str, Any]) -> str:
    kinds = [_port_type(node, port) for port in (_component(node).get("outputs") or {})]
    if "learner" in kinds or "model" in kinds:
        return "learner"
    if "metrics" in kinds:
        return "metrics"
    if "dataset" in kinds:
        takes = _component(node).get("inputs") or {}
        return (
            "transform"
            if any((v or {}).get("type") == "dataset" for v in takes.values())
            else "dataset"
        )
    return "transform" if "transform" in kinds else "any"


def can_cancel(run: Run) -> bool:
    """Say whether asking the run to end would change anything."""
    return run.status not in ENDED and run.status != Status.CANCEL_REQUESTED
