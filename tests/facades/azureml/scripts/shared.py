"""What the workflows share: a folder to write in, waiting for a job, and the table of workflows."""

import contextlib
import io
import sys
import time
from pathlib import Path

from azure.ai.ml import VERSION

BASE = Path(sys.argv[1])
# Both releases work in one workspace: what they make is told apart by this.
V = VERSION.replace(".", "-")
ENV = "azureml:minimal@latest"
WORKFLOWS = {}


def workflow(function):
    WORKFLOWS[function.__name__] = function
    return function


def folder(name, **files):
    place = BASE / name
    place.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (place / file.replace("__", ".")).write_text(text)
    return place


def wait(ml, name, within=300):
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        job = ml.jobs.get(name)
        if job.status in ("Completed", "Failed", "Canceled"):
            return job
        time.sleep(0.3)
    raise AssertionError(f"{name} is still {job.status}")


def stream(ml, name):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        ml.jobs.stream(name)
    return out.getvalue()
