"""A training script on somebody's own machine: everything that a run can hold, with runs nested in it."""

import sys

import mlflow
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

V3 = int(mlflow.__version__.split(".")[0]) >= 3
mlflow.set_experiment("outside")
table = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3})
with mlflow.start_run(run_name="search", description="Tried on my laptop.") as run:
    mlflow.log_params({"folds": 2, "solver": "lbfgs"})
    mlflow.log_input(mlflow.data.from_pandas(table, name="toy"), context="training")
    mlflow.log_metrics(
        {"system/cpu_utilization_percentage": 12.5, "system/system_memory_usage_megabytes": 900.0}
    )
    for step in range(20):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    for number, rate in enumerate((0.1, 1.0)):
        with mlflow.start_run(nested=True, run_name=f"trial {number}"):
            mlflow.log_param("C", rate)
            mlflow.log_metric("accuracy", 0.8 + number / 10)
    mlflow.log_text("first line\nsecond line", "notes/readme.txt")
    mlflow.log_text("a,b\n1,2\n3,4\n", "table.csv")
    mlflow.log_metric("accuracy", 0.9)
    fitted = LogisticRegression().fit(table, table.a > 9)
    mlflow.sklearn.log_model(
        fitted, **({"name": "classifier"} if V3 else {"artifact_path": "classifier"})
    )
    print("RUN", run.info.run_id, flush=True)
    # The page is looked at while the run still goes on.
    sys.stdin.readline()
    mlflow.log_metric("loss", 0.001, step=20)
