"""A job's script that knows nothing of the studio: it only uses mlflow."""

import os

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

for step in range(3):
    mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
mlflow.log_param("rate", 0.5)
mlflow.set_tag("from", "a job")
mlflow.log_text("hello", "notes.txt")
own = mlflow.active_run().info.run_id
assert own == os.environ["OFFICINA_RUN_ID"]
with mlflow.start_run(nested=True, run_name="trial"):
    mlflow.log_metric("loss", 0.1)
mlflow.end_run()
with mlflow.start_run(run_name="second") as second:
    mlflow.log_param("later", 1)
client = MlflowClient()
assert client.get_run(own).data.metrics["loss"] == 1.0 / 3
other = os.environ.get("OTHER_RUN", "")
for call in (
    lambda: client.get_run(other),
    lambda: client.log_metric(other, "stolen", 1),
    lambda: client.create_experiment("another"),
    lambda: client.delete_run(own),
):
    try:
        call()
    except MlflowException as error:
        assert error.error_code in {"PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST"}, error
    else:
        raise AssertionError("a job reached out of its run")
print("ok")
