"""Load YAML files with azure-ai-ml's own loaders; run by an interpreter that has that package.

One path a line comes in as `kind<TAB>path`; one JSON line goes out for each: whether the package
accepts the file, why not, and for a pipeline its nodes with bindings and compute.
"""

import json
import logging
import os
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
os.environ.setdefault("AZURE_ML_CLI_PRIVATE_FEATURES_ENABLED", "true")

from azure.ai import ml  # noqa: E402
from azure.ai.ml.entities._load_functions import load_schedule  # noqa: E402

LOADERS = {
    "job": ml.load_job,
    "component": ml.load_component,
    "data": ml.load_data,
    "environment": ml.load_environment,
    "model": ml.load_model,
    "compute": ml.load_compute,
    "datastore": ml.load_datastore,
    "workspace": ml.load_workspace,
    "schedule": load_schedule,
}


def plain(value):
    """Return a value of a document as JSON can hold it; a binding as its text."""
    return json.loads(json.dumps(value, default=str))


def nodes_of(jobs):
    found = {}
    for name, node in (jobs or {}).items():
        found[name] = {key: plain(node.get(key)) for key in ("inputs", "outputs", "compute")}
        inner = node.get("component")
        if isinstance(inner, dict) and inner.get("jobs"):
            found[name]["jobs"] = nodes_of(inner["jobs"])
    return found


def read(kind, path):
    entity = LOADERS[kind](path)
    answer = {"accepted": True}
    if kind == "job":
        document = plain(entity._to_dict())
        answer["compute"] = document.get("compute")
        if "jobs" in document:
            answer["jobs"] = nodes_of(document["jobs"])
            settings = document.get("settings") or {}
            answer["default_compute"] = settings.get("default_compute")
    return answer


def main():
    out = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        kind, _, path = line.rstrip("\n").partition("\t")
        try:
            answer = read(kind, path)
        except (Exception, SystemExit) as error:
            answer = {"accepted": False, "reason": " ".join(str(error).split())[:600]}
        print(json.dumps({"path": path, **answer}), file=out, flush=True)


if __name__ == "__main__":
    main()
