"""Examples at the end of `--help`, by command."""

from __future__ import annotations

import typer

EXAMPLES: dict[str, tuple[str, ...]] = {
    "login": (
        "officina login --url http://localhost:8000",
        "echo $TOKEN | officina login --url URL",
    ),
    "configure": ("officina configure --defaults workspace=lab output=table",),
    "job create": (
        "officina job create -f job.yml --stream",
        "officina job create -f job.yml --set inputs.epochs=5 jobs.train.compute=gpu",
        "run=$(officina job create -f job.yml --query name -o tsv)",
        "officina job create -f job.yml --local",
    ),
    "job list": (
        "officina job list --status Failed -r 10",
        "officina job list --parent $run --query '[].{step:display_name,status:status}' -o table",
    ),
    "job show": ("officina job show -n $run --query status -o tsv",),
    "job stream": ("officina job stream -n $run",),
    "job download": (
        "officina job download -n $run -p results",
        "officina job download -n $run --output-name model",
    ),
    "job update": ("officina job update -n $run --set display_name=best tags.kept=yes",),
    "data create": (
        "officina data create -n rows --path ./rows",
        "officina data create -f data.yml --set version=7",
        "officina data create -n clean --path azureml://jobs/$run/outputs/clean",
        "officina data create -n raw --path azureml://datastores/lake/paths/raw/",
    ),
    "data list": ("officina data list", "officina data list -n rows -o tsv"),
    "model create": (
        "officina model create -n churn --path azureml://jobs/$run/outputs/model --type mlflow_model",
        "officina model create -f model.yml",
    ),
    "model download": ("officina model download -n churn -v 3 -p ./model",),
    "environment create": (
        "officina environment create -f env.yml",
        "officina environment create -n tools --conda-file conda.yml --image python:3.11",
    ),
    "environment show": ("officina environment show -n sklearn-1.5 -l latest",),
    "component create": ("officina component create -f train.yml --set version=2",),
    "compute create": (
        "officina compute create -n cpu --type amlcompute --min-instances 0 --max-instances 4",
    ),
    "datastore create": ("officina datastore create -f lake.yml",),
    "schedule create": ("officina schedule create -f nightly.yml",),
}


def add_to(app: typer.Typer) -> None:
    """Put the examples behind the help of the commands that they are of."""
    for command in app.registered_commands:
        command.epilog = _epilog(command.name or "")
    for group in app.registered_groups:
        for command in group.typer_instance.registered_commands if group.typer_instance else ():
            command.epilog = _epilog(f"{group.name} {command.name}")


def _epilog(name: str) -> str | None:
    lines = EXAMPLES.get(name)
    # \b keeps the lines as they are.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines) if lines else None
