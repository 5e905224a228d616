"""The common workflows, as people write them for Azure; run by a client's own environment, not by pytest.

`python run.py <folder> [file ...]` prints one JSON line for each workflow of these files. Nothing here knows the
studio: the address comes from environment variables alone.
"""

import json
import os
import sys
import time
import traceback

import assets  # noqa: F401 - each fills the table of workflows
import jobs  # noqa: F401
import pipelines  # noqa: F401
import schedules  # noqa: F401
import steps  # noqa: F401
from azure.ai.ml import MLClient
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from shared import BASE, WORKFLOWS, folder


def main():
    out = sys.stdout
    sys.stdout = sys.stderr
    folder(".")
    os.chdir(BASE)
    ml = MLClient.from_config(DefaultAzureCredential())
    files = sys.argv[2:]
    for name in WORKFLOWS:
        if files and WORKFLOWS[name].__module__ not in files:
            continue
        begun = time.monotonic()
        try:
            WORKFLOWS[name](ml)
            problem = ""
        except (Exception, SystemExit) as error:
            problem = f"{error}\n{traceback.format_exc()[-3000:]}"
            if isinstance(error, HttpResponseError) and error.response is not None:
                problem = f"{error.response.request.method} {error.response.request.url}\n{problem}"
        seconds = round(time.monotonic() - begun, 1)
        print(
            json.dumps({"name": name, "problem": problem, "seconds": seconds}), file=out, flush=True
        )


if __name__ == "__main__":
    main()
