"""The same requests for any server of the protocol, and what it answers to each, in short.

`python tests/facades/mlflow/answers.py http://127.0.0.1:5000 > tests/facades/mlflow/answers.json` writes down the
answers of a running `mlflow server`; the test beside this file compares ours with them.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

# Sends verb, path below /api/2.0/mlflow and fields; returns status and JSON.
Send = Callable[[str, str, dict[str, Any]], tuple[int, dict[str, Any]]]
NONE, MODEL = "f" * 32, "model-a"

FILTERS = [
    "metrics.loss < 1", "metrics.loss >= 0.5", "metrics.loss = 7", "metrics.loss != 7", "metric.loss <= .5",
    "metrics.odd > 0", "metrics.odd != 3", "metrics.huge > 1e300", "metrics.`a b` = 3", 'metrics."a b" = 3',
    "metrics.loss = '7'", "metrics.loss IN (7)", "metrics.loss LIKE '7'", "metrics.loss > -1", "metrics.LOSS < 1",
    "params.p = '0.5'", "params.p != '0.5'", "params.p LIKE 'a%'", "params.p LIKE 'A%'", "params.p ILIKE 'A%'",
    "parameters.p = 'abc'", "params.p > '0'", "params.p = 0.5", "params.p = abc", "params.`p.q-r` = '1'",
    "params.empty = ''", "params.p IN ('abc')", "params.p NOT LIKE 'a%'", "params.p IS NULL", "params.p IS NOT NULL",
    "tags.t = 'x'", "tags.t != 'x'", "tags.t ILIKE 'X%'", "tag.t = 'x'", "tags.`odd key` = 'q'", "tags.t.x = 'y'",
    "tags.mlflow.runName = 'one'", "tags.t IS NULL", "tags.t IN ('x')", "tags.t = \"it's\"",
    "status = 'FINISHED'", "attributes.status != 'FINISHED'", "attr.status = 'finished'", "run.status = 'FAILED'",
    "status IN ('FAILED')", "status > 'A'", "start_time > 1000 AND start_time <= 3000", "end_time = 5000",
    "Created = 1000", "start_time = '2024-01-01'", "run_name = 'one'", "attributes.run_name LIKE 'T%'",
    "attributes.`run name` = 'one'", "run_id IN ('ffff',)", "run_id IN ()", "run_id IN (1)",
    "attributes.lifecycle_stage = 'active'", "dataset.name = 'toy'", "datasets.name ILIKE 'TO%'",
    "dataset.context = 'training'", "dataset.digest IN ('d1', 'x')",
    "dataset.name = 'toy' AND dataset.context = 'test'",
    "dataset.size = 1", "foo.bar = 1", "bar = 1", "metrics.a > 1 OR metrics.b > 2", "(metrics.loss < 1)",
    "NOT metrics.loss < 1", "metrics.loss < 1 and params.p = 'abc'", "metrics.loss <", "metrics.loss 1",
    "1 < metrics.loss", "metrics.loss < abc", "metrics.loss BETWEEN 1 AND 2", "metrics.loss < 1 AND metrics.loss < 1",
]  # fmt: skip
ORDERS = [
    ["metrics.loss DESC"], ["metrics.loss"], ["metrics.odd ASC", "run_name DESC"], ["params.p DESC", "start_time"],
    ["tags.t", "start_time"], ["attributes.status", "start_time"], ["end_time DESC", "start_time"], ["foo"],
    ["metrics.loss FOO"], [""], ["metrics.`a b` DESC", "start_time"], ["attributes.run_name desc"], ["Created DESC"],
    ["dataset.name"],
]  # fmt: skip
POINT = {"key": "k", "value": 1, "timestamp": 1}
# Path and fields of writes to the first run, of which most are mistakes.
WRITES: list[tuple[str, dict[str, Any]]] = [
    ("runs/log-metric", {**POINT, "key": "a#b"}), ("runs/log-metric", {**POINT, "key": "a/b c:d"}),
    ("runs/log-metric", {**POINT, "key": "a//b"}), ("runs/log-metric", {**POINT, "key": "../b"}),
    ("runs/log-metric", {**POINT, "key": "k" * 251}), ("runs/log-metric", {**POINT, "key": ""}),
    ("runs/log-metric", {**POINT, "value": "abc"}), ("runs/log-metric", {**POINT, "value": None}),
    ("runs/log-metric", {**POINT, "timestamp": -5}), ("runs/log-metric", {**POINT, "step": -5}),
    ("runs/log-metric", {**POINT, "run_id": NONE}), ("runs/log-parameter", {"key": "p", "value": "0.5"}),
    ("runs/log-parameter", {"key": "p", "value": "0.6"}), ("runs/log-parameter", {"key": "a#", "value": "v"}),
    ("runs/log-parameter", {"key": "k" * 251, "value": "v"}), ("runs/set-tag", {"key": "k" * 251, "value": "v"}),
    ("runs/set-tag", {"key": "a#", "value": "v"}), ("runs/delete-tag", {"key": "nope"}),
    ("runs/log-batch", {"params": [{"key": "x", "value": "1"}, {"key": "x", "value": "1"}]}), ("runs/log-batch", {}),
    ("runs/log-batch", {"metrics": [POINT], "params": [{"key": "p", "value": "9"}]}),
    ("runs/log-batch", {"metrics": [POINT] * 1001}), ("runs/log-batch", {"run_id": NONE, "metrics": [POINT]}),
    ("runs/update", {"status": "WHAT"}), ("runs/update", {"run_id": NONE, "status": "FINISHED"}),
    ("runs/create", {"experiment_id": "987654321"}), ("runs/create", {"experiment_id": "abc"}),
    ("runs/create", {"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}),
    ("runs/create", {"tags": [{"key": "mlflow.parentRunId", "value": NONE}]}),
    ("runs/delete", {"run_id": NONE}), ("runs/restore", {"run_id": NONE}),
    ("runs/search", {"max_results": 0}), ("runs/search", {"max_results": 50001}), ("runs/search", {"page_token": "zz"}),
    ("runs/search", {"experiment_ids": ["987654321"]}), ("runs/search", {"experiment_ids": ["abc"]}),
    ("experiments/create", {"name": "first"}), ("experiments/create", {"name": ""}),
    ("experiments/create", {"name": "x" * 501}), ("experiments/delete", {"experiment_id": "987654321"}),
    ("experiments/restore", {}), ("experiments/set-experiment-tag", {"key": "k" * 251, "value": "v"}),
    ("experiments/set-experiment-tag", {"key": "k", "value": "v" * 5001}),
    ("experiments/delete-experiment-tag", {"key": "nope"}),
    ("experiments/search", {"max_results": 5, "filter": "name = 'first'"}), ("experiments/search", {"max_results": 0}),
    ("experiments/search", {"max_results": 5, "filter": "name ILIKE 'FIR%'"}),
    ("experiments/search", {"max_results": 5, "filter": "name IN ('first')"}),
    ("experiments/search", {"max_results": 5, "filter": "foo = 'x'"}),
    ("experiments/search", {"max_results": 5, "filter": "name > 'x'"}),
]  # fmt: skip
MODELS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "registered-models/create", {"name": MODEL}), ("POST", "registered-models/create", {"name": MODEL}),
    ("POST", "registered-models/create", {"name": "a/b"}), ("POST", "registered-models/create", {"name": ""}),
    ("GET", "registered-models/get", {"name": "none"}), ("GET", "model-versions/get", {"name": MODEL, "version": "9"}),
    ("GET", "model-versions/get", {"name": MODEL, "version": "abc"}),
    ("POST", "model-versions/create", {"name": "none", "source": "runs:/x/y"}),
    ("POST", "model-versions/create", {"name": MODEL, "source": "/etc"}),
    ("POST", "model-versions/create", {"name": MODEL, "source": "file:///etc"}),
    *(
        ("POST", "registered-models/alias", {"name": MODEL, "alias": alias, "version": "9"})
        for alias in ("latest", "v1", "V12", "a b", "a" * 256, "", "fine")
    ),
    ("GET", "registered-models/alias", {"name": MODEL, "alias": "none"}),
    ("DELETE", "registered-models/alias", {"name": MODEL, "alias": "none"}),
    ("DELETE", "registered-models/delete-tag", {"name": MODEL, "key": "none"}),
    ("POST", "registered-models/get-latest-versions", {"name": MODEL, "stages": ["foo"]}),
    ("POST", "registered-models/rename", {"name": MODEL, "new_name": ""}),
    ("POST", "registered-models/rename", {"name": "none", "new_name": "x"}),
    *(
        ("GET", "registered-models/search", {"filter": text})
        for text in ("name = 'model-a'", "name ILIKE 'MODEL-_'", "name IN ('model-a')", "name > 'a'", "foo = 'x'")
    ),
    *(
        ("GET", "model-versions/search", {"filter": text})
        for text in ("name = 'model-a'", "version_number = '1'", "name IN ('x')", "stage = 'x'", "foo = 'x'")
    ),
    ("GET", "model-versions/search", {"max_results": 200_001}), ("GET", "model-versions/search", {"page_token": "z"}),
    ("DELETE", "registered-models/delete", {"name": MODEL}), ("DELETE", "registered-models/delete", {"name": MODEL}),
    ("POST", "logged-models/search", {"experiment_ids": ["0"], "filter": "name > 'a'"}),
    ("POST", "logged-models/search", {"experiment_ids": ["0"], "filter": "params.p IN ('2')"}),
    ("GET", f"logged-models/m-{NONE}", {}), ("DELETE", f"logged-models/m-{NONE}", {}),
    ("GET", "runs/get", {"run_id": NONE}), ("GET", "experiments/get", {"experiment_id": "987654321"}),
    ("GET", "experiments/get", {"experiment_id": "abc"}), ("GET", "experiments/get-by-name", {"experiment_name": "-"}),
]  # fmt: skip


def answers(send: Send) -> dict[str, str]:
    """Return what a server with none of these things answers to each request: an error, or what was found."""
    found: dict[str, str] = {}

    def ask(verb: str, path: str, fields: dict[str, Any], *, shown: str = "") -> dict[str, Any]:
        status, body = send(verb, path, fields)
        short = body.get("error_code") and f"{status} {body['error_code']}"
        runs = [run["info"]["run_name"] for run in body.get("runs", [])]
        named = body.get("experiments") or body.get("registered_models") or []
        result = short or ", ".join(runs or [each["name"] for each in named]) or "-"
        said = {k: f"{v[:4]}*{len(v)}" if len(str(v)) > 200 else v for k, v in fields.items()}
        found[shown or f"{verb} {path} {json.dumps(said)}"] = result
        return body

    experiment = _fill(send)
    for text in FILTERS:
        fields = {"experiment_ids": [experiment], "filter": text, "order_by": ["start_time"]}
        ask("POST", "runs/search", fields, shown=text)
    for order in ORDERS:
        fields = {"experiment_ids": [experiment], "order_by": order}
        ask("POST", "runs/search", fields, shown=json.dumps(order))
    first = send(
        "POST", "runs/search", {"experiment_ids": [experiment], "filter": "run_name = 'one'"}
    )
    guid = first[1]["runs"][0]["info"]["run_id"]
    for path, fields in WRITES:
        own = {"run_id": guid, "experiment_id": experiment, "experiment_ids": [experiment]}
        ask("POST", path, {**own, **fields}, shown=f"{path} {json.dumps(fields)[:120]}")
    send("POST", "runs/delete", {"run_id": guid})
    for path, fields in WRITES[11:20]:
        ask(
            "POST",
            path,
            {"run_id": guid, **fields},
            shown=f"deleted: {path} {json.dumps(fields)[:120]}",
        )
    for verb, path, fields in MODELS:
        ask(verb, path, fields)
    return found


def _fill(send: Send) -> str:
    """Make an experiment with three runs that the searches tell apart."""

    def made(path: str, **fields: Any) -> dict[str, Any]:
        status, body = send("POST", path, fields)
        assert status == 200, (path, body)
        return body

    experiment = str(made("experiments/create", name="first")["experiment_id"])
    words = (("one", 1000, "FINISHED"), ("two", 2000, "FAILED"), ("Three 3", 3000, "RUNNING"))
    for number, (name, started, status) in enumerate(words):
        run = made("runs/create", experiment_id=experiment, start_time=started, run_name=name)
        guid = run["run"]["info"]["run_id"]
        metrics = (
            {"loss": 0.5, "odd": "NaN", "huge": "Infinity"},
            {"loss": 0.05, "a b": 3},
            {"loss": 7},
        )[number]
        params = ({"p": "0.5", "empty": ""}, {"p": "abc"}, {"p.q-r": "1"})[number]
        tags = ({"t": "x"}, {"t": "Xylo", "odd key": "q"}, {"t.x": "y"})[number]
        made(
            "runs/log-batch", run_id=guid,
            metrics=[{"key": k, "value": v, "timestamp": 1, "step": 0} for k, v in metrics.items()],
            params=[{"key": k, "value": v} for k, v in params.items()],
            tags=[{"key": k, "value": v} for k, v in tags.items()],
        )  # fmt: skip
        if number == 0:
            toy = {"name": "toy", "digest": "d1", "source_type": "code", "source": "{}"}
            context = [{"key": "mlflow.data.context", "value": "training"}]
            made("runs/log-inputs", run_id=guid, datasets=[{"dataset": toy, "tags": context}])
        if status != "RUNNING":
            made("runs/update", run_id=guid, status=status, end_time=5000 + number)
    return experiment


def over_http(url: str) -> Send:
    """Return a way to send to a running server that asks for no sign-in."""

    def send(verb: str, path: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        address, data = f"{url}/api/2.0/mlflow/{path}", None
        if verb == "GET":
            address += "?" + urllib.parse.urlencode(fields, doseq=True)
        else:
            data = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, data, headers, method=verb)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    return send


if __name__ == "__main__":
    json.dump(answers(over_http(sys.argv[1])), sys.stdout, indent=1, ensure_ascii=False)
    print()
